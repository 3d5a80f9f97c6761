// What a second realm and the login realm must know of each other, so that people's tokens of one lead to the other.
import type { FrontDoor, FrontDoorObtain, FrontDoorRealm } from './front-door.ts'
import { type RealmParts, unique } from './parts.ts'
import { backchannelLogout, PKCE, PRESET_SETTINGS } from './presets.ts'
import { internalIssuerOf } from './realm-urls.ts'
import type { WantedIdentityProvider } from './wanted.ts'

const PROTOCOL = '/protocol/openid-connect'

/** How old an assertion may be when it is presented. */
const ASSERTION_SECONDS = 300
const CLOCK_SKEW_SECONDS = 5

type Obtained<Kind extends FrontDoorObtain['kind']> = FrontDoorRealm & {
  readonly obtain: FrontDoorObtain & { readonly kind: Kind }
}

export function wantSecondRealms(frontDoor: FrontDoor): readonly RealmParts[] {
  return frontDoor.realms.flatMap((realm): readonly RealmParts[] => {
    if (isObtainedBy(realm, 'jwtGrant')) return wantGrant(realm, frontDoor)
    return isObtainedBy(realm, 'login') ? wantSecondLogin(realm, frontDoor) : []
  })
}

export function isObtainedBy<Kind extends FrontDoorObtain['kind']>(
  realm: FrontDoorRealm,
  kind: Kind,
): realm is Obtained<Kind> {
  return realm.obtain?.kind === kind
}

/** The login realms whose people are given tokens of a second realm. */
export function peopleOf({ name, isHandedOut }: FrontDoorRealm, frontDoor: FrontDoor): readonly FrontDoorRealm[] {
  const { realms, routes, loginRealm } = frontDoor
  const byRoutes = routes.flatMap((route) => {
    return route.credential.kind === 'realm' && route.credential.realm === name ? route.realms : []
  })
  const names = unique([...byRoutes, ...(isHandedOut ? [loginRealm] : [])])
  return realms.filter((realm) => names.includes(realm.name))
}

/** True where the gateway exchanges people's tokens of this realm. */
export function usesExchange(realm: string, frontDoor: FrontDoor): boolean {
  const { realms, routes } = frontDoor
  const directly = routes.some((route) => route.credential.kind === 'exchange' && route.realms.includes(realm))
  const grants = realms.filter((second) => isObtainedBy(second, 'jwtGrant'))
  return directly || grants.some((second) => peopleOf(second, frontDoor).some(({ name }) => name === realm))
}

/** Aliases, in a second realm, of the login realms whose assertions our client may present there. */
export function assertionProviders(realm: FrontDoorRealm, frontDoor: FrontDoor): readonly string[] {
  return isObtainedBy(realm, 'jwtGrant') ? peopleOf(realm, frontDoor).map(({ name }) => name) : []
}

function wantGrant(realm: Obtained<'jwtGrant'>, frontDoor: FrontDoor): readonly RealmParts[] {
  const because = `realms.${realm.name}.obtain`
  const identityProviders = peopleOf(realm, frontDoor).map((people) => assertionProvider(people, because))
  return [{ realm: realm.name, identityProviders }]
}

function assertionProvider(people: FrontDoorRealm, because: string): WantedIdentityProvider {
  return {
    alias: people.name,
    because,
    providerId: 'oidc',
    settings: { enabled: true, hideOnLogin: true },
    config: {
      ...trustedKeys(people),
      jwtAuthorizationGrantEnabled: 'true',
      jwtAuthorizationGrantMaxAllowedAssertionExpiration: String(ASSERTION_SECONDS),
      jwtAuthorizationGrantAssertionReuseAllowed: 'false',
      jwtAuthorizationGrantAllowedClockSkew: String(CLOCK_SKEW_SECONDS),
    },
    secretOf: null,
  }
}

function trustedKeys(people: FrontDoorRealm): Readonly<Record<string, string>> {
  return {
    issuer: people.issuer,
    validateSignature: 'true',
    useJwksUrl: 'true',
    jwksUrl: `${internalIssuerOf(people)}${PROTOCOL}/certs`,
  }
}

/** Without an identity provider people log in to the second realm by themselves. */
function wantSecondLogin(realm: Obtained<'login'>, { realms, loginRealm }: FrontDoor): readonly RealmParts[] {
  const alias = realm.obtain.identityProvider
  const people = realms.find(({ name }) => name === loginRealm)
  if (alias === null || people === undefined) return []
  const because = `realms.${realm.name}.obtain`
  const clientId = `${realm.name}-broker`
  const endpoint = `${realm.issuer}/broker/${encodeURIComponent(alias)}/endpoint`
  const broker = {
    clientId,
    because,
    settings: { ...PRESET_SETTINGS.web, clientAuthenticatorType: 'client-secret', redirectUris: [endpoint] },
    attributes: {
      ...PKCE,
      'post.logout.redirect.uris': `${endpoint}/logout_response`,
      ...backchannelLogout(`${internalIssuerOf(realm)}${PROTOCOL}/logout/backchannel-logout`),
    },
    hasSecret: true,
  }
  const provider = { ...loginProvider(alias, clientId, people), because }
  return [
    { realm: people.name, clients: [broker] },
    { realm: realm.name, identityProviders: [provider] },
  ]
}

/** Its `logoutUrl` stays empty: with one, a logout that begins in the second realm ends on an error page. */
function loginProvider(
  alias: string,
  clientId: string,
  people: FrontDoorRealm,
): Omit<WantedIdentityProvider, 'because'> {
  const internal = internalIssuerOf(people)
  return {
    alias,
    providerId: 'oidc',
    settings: { enabled: true },
    config: {
      ...trustedKeys(people),
      authorizationUrl: `${people.issuer}${PROTOCOL}/auth`,
      tokenUrl: `${internal}${PROTOCOL}/token`,
      userInfoUrl: `${internal}${PROTOCOL}/userinfo`,
      clientId,
      clientAuthMethod: 'client_secret_post',
      defaultScope: 'openid profile email',
      pkceEnabled: 'true',
      pkceMethod: 'S256',
      syncMode: 'IMPORT',
    },
    secretOf: { realm: people.name, clientId },
  }
}
