// What an embedded realm must be so that it is the one a file asks for: `doorman apply` reads the same of the file. Pure.
import {
  DEV_USERS,
  type DevClient,
  type DevIdentityProvider,
  type DevRealmOptions,
  type DevUser,
  type OptionalScope,
} from '@doorman/dev-realm'
import type { GatewayConfig } from '@doorman/gateway'
import { splitList, type Wanted, type WantedClient, type WantedRealm, type WantedScope } from '@doorman/provision'

export interface EmbeddedRealm extends DevRealmOptions {
  /** The local name. */
  readonly name: string
  readonly issuer: string
  readonly port: number
}

const ISSUER = /^http:\/\/localhost:(\d+)\/realms\/([^/]+)$/
const SECRET_SUFFIX = '-dev-secret'

export function isEmbeddable(issuer: string): boolean {
  return ISSUER.test(issuer)
}

/** Of a client that is not the gateway's own. */
export function devSecretOf(clientId: string): string {
  return clientId + SECRET_SUFFIX
}

/** Realms that are elsewhere are left out. */
export function planEmbeddedRealms(wanted: Wanted, config: GatewayConfig): readonly EmbeddedRealm[] {
  return wanted.realms.flatMap((realm) => {
    const [, port, name] = ISSUER.exec(realm.issuer) ?? []
    return name === undefined ? [] : [planRealm(realm, { port: Number(port), realm: name }, config)]
  })
}

function planRealm(
  wanted: WantedRealm,
  place: { readonly port: number; readonly realm: string },
  config: GatewayConfig,
): EmbeddedRealm {
  const identityProviders = wanted.identityProviders.map(planIdentityProvider)
  return {
    ...place,
    name: wanted.name,
    issuer: wanted.issuer,
    clients: wanted.clients.map((client) => planClient(client, wanted, config)),
    identityProviders,
    users: planUsers(wanted, identityProviders),
  }
}

function planClient(client: WantedClient, { issuer, scopes }: WantedRealm, config: GatewayConfig): DevClient {
  const { clientId, settings, attributes, serviceAccount } = client
  const backchannelLogoutUri = attributes['backchannel.logout.url']
  return {
    clientId,
    ...planAuthentication(client, issuer, config),
    redirectUris: textsOf(settings.redirectUris),
    postLogoutRedirectUris: splitList(attributes['post.logout.redirect.uris'] ?? ''),
    ...(backchannelLogoutUri ? { backchannelLogoutUri, backchannelLogoutSessionRequired: true } : {}),
    audiences: audiencesOf(client),
    enabled: settings.enabled !== false,
    ...(settings.serviceAccountsEnabled === true
      ? { serviceAccount: serviceAccount ?? { realmRoles: [], clientRoles: {} } }
      : {}),
    exchange: attributes['standard.token.exchange.enabled'] === 'true',
    ...(attributes['oauth2.jwt.authorization.grant.enabled'] === 'true'
      ? { jwtGrant: { identityProviders: splitList(attributes['oauth2.jwt.authorization.grant.idp'] ?? '') } }
      : {}),
    optionalScopes: planScopes(client, scopes),
  }
}

function planAuthentication(
  { clientId, attributes }: WantedClient,
  issuer: string,
  { realms }: GatewayConfig,
): Pick<DevClient, 'secret' | 'jwks'> {
  const keys = attributes['jwks.string']
  if (keys !== undefined) return { jwks: JSON.parse(keys) }
  const own = Object.values(realms).find((realm) => realm.issuer === issuer && realm.clientId === clientId)
  return { secret: own?.clientAuth.kind === 'secret' ? own.clientAuth.secret : devSecretOf(clientId) }
}

function textsOf(value: WantedClient['settings'][string] | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function audiencesOf({ mappers }: Pick<WantedClient, 'mappers'>): readonly string[] {
  return Object.values(mappers).flatMap(({ protocolMapper, config }) => {
    if (protocolMapper !== 'oidc-audience-mapper') return []
    return config['included.client.audience'] ?? config['included.custom.audience'] ?? []
  })
}

function planScopes({ optionalScopes }: WantedClient, scopes: readonly WantedScope[]): Record<string, OptionalScope> {
  const own = scopes.filter(({ name }) => optionalScopes?.includes(name) === true)
  return Object.fromEntries(own.map((scope) => [scope.name, planScope(scope)]))
}

function planScope(scope: WantedScope): OptionalScope {
  const [audience] = audiencesOf(scope)
  const inTokenScope = scope.attributes['include.in.token.scope'] === 'true'
  return audience === undefined ? { inTokenScope } : { audience, inTokenScope }
}

function planIdentityProvider({ alias, config }: WantedRealm['identityProviders'][number]): DevIdentityProvider {
  const { issuer = '', jwksUrl = '', clientId, jwtAuthorizationGrantEnabled } = config
  const broker = clientId === undefined ? {} : { broker: { clientId, secret: devSecretOf(clientId) } }
  return { alias, issuer, jwksUrl, jwtGrant: jwtAuthorizationGrantEnabled === 'true', ...broker }
}

/** The people of every realm, each the same person at its identity providers. Roles that nobody has are carol's. */
function planUsers(wanted: WantedRealm, providers: readonly DevIdentityProvider[]): readonly DevUser[] {
  return DEV_USERS.map((user) => {
    const federated = Object.fromEntries(providers.map(({ alias }) => [alias, user.id]))
    return user.username === 'carol' ? { ...withRolesOfNobody(user, wanted), federated } : { ...user, federated }
  })
}

function withRolesOfNobody(user: DevUser, { roles, clients }: WantedRealm): DevUser {
  const isHeld = (role: string, clientId: string) =>
    DEV_USERS.some(({ clientRoles }) => clientRoles[clientId]?.includes(role) === true)
  const realmRoles = roles.map(({ name }) => name)
  const clientRoles = clients.flatMap((client): readonly (readonly [string, readonly string[]])[] => {
    const own = client.roles.filter((role) => !isHeld(role, client.clientId))
    return own.length === 0 ? [] : [[client.clientId, own]]
  })
  return {
    ...user,
    realmRoles: [
      ...user.realmRoles,
      ...realmRoles.filter((role) => !DEV_USERS.some((one) => one.realmRoles.includes(role))),
    ],
    clientRoles: { ...user.clientRoles, ...Object.fromEntries(clientRoles) },
  }
}
