// The gateway's own confidential client in each realm.
import type { FrontDoor, FrontDoorAuth, FrontDoorRealm } from './front-door.ts'
import { joinList } from './list-attributes.ts'
import { audienceMappers } from './mappers.ts'
import { type ClientPart, type RealmParts, unique } from './parts.ts'
import { backchannelLogout, PKCE } from './presets.ts'
import { assertionProviders, usesExchange } from './second-realms.ts'
import type { Json } from './wanted.ts'

export function wantGatewayClients(frontDoor: FrontDoor): readonly RealmParts[] {
  return frontDoor.realms.map((realm) => ({ realm: realm.name, clients: [gatewayClient(realm, frontDoor)] }))
}

function gatewayClient(realm: FrontDoorRealm, frontDoor: FrontDoor): ClientPart {
  return {
    clientId: realm.clientId,
    because: `realms.${realm.name}`,
    settings: settingsOf(realm, frontDoor),
    attributes: attributesOf(realm, frontDoor),
    // Keycloak introspects a token for those alone that it is for.
    mappers: realm.obtain === null ? audienceMappers([realm.clientId]) : {},
    hasSecret: realm.clientAuth.kind === 'secret',
  }
}

function settingsOf(realm: FrontDoorRealm, frontDoor: FrontDoor): Readonly<Record<string, Json>> {
  return {
    enabled: true,
    publicClient: false,
    clientAuthenticatorType: realm.clientAuth.kind === 'secret' ? 'client-secret' : 'client-jwt',
    standardFlowEnabled: realm.redirectUris.length > 0,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: needsServiceAccount(realm, frontDoor),
    // Routes judge people by their roles, which tokens without it do not name.
    fullScopeAllowed: true,
    // A front-channel logout would keep Keycloak from calling us.
    frontchannelLogout: false,
    redirectUris: realm.redirectUris,
  }
}

function needsServiceAccount(realm: FrontDoorRealm, { routes, loginRealm }: FrontDoor): boolean {
  if (realm.introspects || realm.obtain?.kind === 'clientCredentials') return true
  return routes.some(({ credential, realms }) => {
    const own = realms.length === 0 ? [loginRealm] : realms
    return credential.kind === 'serviceAccount' && own.includes(realm.name)
  })
}

function attributesOf(realm: FrontDoorRealm, frontDoor: FrontDoor): Readonly<Record<string, string>> {
  const { redirectUris, postLogoutRedirectUris, backchannelLogoutUrl } = realm
  return {
    ...(redirectUris.length > 0 ? PKCE : {}),
    ...(postLogoutRedirectUris.length > 0 ? { 'post.logout.redirect.uris': joinList(postLogoutRedirectUris) } : {}),
    ...(backchannelLogoutUrl === null ? {} : backchannelLogout(backchannelLogoutUrl)),
    'standard.token.exchange.enabled': usesExchange(realm.name, frontDoor) ? 'true' : '',
    ...grantAttributes(unique(assertionProviders(realm, frontDoor))),
    ...keyAttributes(realm.clientAuth),
  }
}

function grantAttributes(aliases: readonly string[]): Readonly<Record<string, string>> {
  const isUsed = aliases.length > 0
  return {
    'oauth2.jwt.authorization.grant.enabled': isUsed ? 'true' : '',
    ...(isUsed ? { 'oauth2.jwt.authorization.grant.idp': joinList(aliases) } : {}),
  }
}

function keyAttributes(auth: FrontDoorAuth): Readonly<Record<string, string>> {
  if (auth.kind === 'secret') return {}
  const keys = auth.publicJwk === null ? {} : { 'jwks.string': `{"keys":[${auth.publicJwk}]}` }
  return { 'token.endpoint.auth.signing.alg': auth.algorithm, 'use.jwks.string': 'true', ...keys }
}
