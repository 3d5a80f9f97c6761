import type { KeycloakAdmin } from './admin.ts'
import { KeycloakError } from './errors.ts'

interface ClientRepresentation {
  readonly id: string
  readonly attributes?: Readonly<Record<string, string>>
}

/**
 * Tells a client of the realm where its gateway is: redirect URI, post-logout redirect URI and back-channel logout URL
 * become exactly this gateway's. Rejects with `ERR_KEYCLOAK_ADMIN_REFUSED`, also when there is no such client.
 */
export async function setGatewayUrls(
  admin: KeycloakAdmin,
  options: { readonly realm: string; readonly clientId: string; readonly gatewayUrl: string },
): Promise<void> {
  const { realm, clientId, gatewayUrl } = options
  const query = new URLSearchParams({ clientId })
  const [client] = await admin.get<readonly ClientRepresentation[]>(`${realm}/clients?${query}`)
  if (client === undefined) {
    throw new KeycloakError('ERR_KEYCLOAK_ADMIN_REFUSED', `There is no client ${clientId} in realm ${realm}`)
  }
  await admin.merge(`${realm}/clients/${client.id}`, {
    redirectUris: [`${gatewayUrl}/auth/callback`],
    attributes: {
      ...client.attributes,
      'post.logout.redirect.uris': `${gatewayUrl}/auth/logged-out`,
      'backchannel.logout.url': `${gatewayUrl}/auth/backchannel-logout`,
    },
  })
}
