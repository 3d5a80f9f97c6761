// The gateway's client as Keycloak's import dialog takes it ("Clients", "Import client"). It holds no secret: Keycloak
// makes one, on the tab "Credentials".

export interface ClientSettings {
  readonly publicUrl: string
  readonly clientId: string
}

export const CALLBACK_PATH = '/auth/callback'
export const LOGGED_OUT_PATH = '/auth/logged-out'

export function buildClientRegistration({ publicUrl, clientId }: ClientSettings) {
  return {
    clientId,
    name: 'Doorman',
    description: `The gateway of ${publicUrl}`,
    protocol: 'openid-connect',
    enabled: true,
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    // Without roles of its own; it lets `doorman init` see whether the audience is right.
    serviceAccountsEnabled: true,
    frontchannelLogout: false,
    rootUrl: publicUrl,
    redirectUris: [publicUrl + CALLBACK_PATH],
    webOrigins: [],
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': publicUrl + LOGGED_OUT_PATH,
    },
    protocolMappers: [
      {
        name: 'audience of the gateway itself',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: {
          'included.client.audience': clientId,
          'access.token.claim': 'true',
          'id.token.claim': 'false',
          'introspection.token.claim': 'true',
        },
      },
    ],
  } as const
}
