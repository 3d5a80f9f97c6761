// For whom tokens are: a client for each service that is given a token of a realm, and what brings it into `aud`.

import { isBuiltInScope, needsAssignment, scopeName } from './built-in.ts'
import type { FrontDoor, FrontDoorRealm, FrontDoorRoute } from './front-door.ts'
import { audienceMapper, audienceMapperName, audienceMappers } from './mappers.ts'
import { type ClientPart, type RealmParts, unique } from './parts.ts'
import { PRESET_SETTINGS } from './presets.ts'
import { isObtainedBy, peopleOf } from './second-realms.ts'
import type { WantedScope } from './wanted.ts'

interface AudienceNeed {
  /** Local name. */
  readonly realm: string
  /** The client id that `aud` must hold. */
  readonly audience: string
  /** What the gateway asks for to have it; empty: its tokens always have it. */
  readonly scopes: readonly string[]
  readonly because: string
}

export function wantAudiences(frontDoor: FrontDoor): readonly RealmParts[] {
  const needs = [...routeNeeds(frontDoor), ...grantNeeds(frontDoor)]
  return frontDoor.realms.map((realm) => {
    const own = needs.filter((need) => need.realm === realm.name)
    return {
      realm: realm.name,
      clients: [...own.map((need) => askingClient(need, realm)), ...own.map(audienceClient), ...askedScopes(realm)],
      scopes: [...own.flatMap(audienceScopes), ...plainScopes(realm)],
    }
  })
}

function routeNeeds(frontDoor: FrontDoor): readonly AudienceNeed[] {
  return frontDoor.routes.flatMap((route) =>
    realmsAsked(route, frontDoor).map((realm) => {
      const { credential, service, credentialPlace: because } = route
      const audience = credential.kind === 'exchange' ? credential.audience : service
      return { realm, audience, scopes: 'scopes' in credential ? credential.scopes : [], because }
    }),
  )
}

/** Where the gateway asks for the token that a route sends. */
function realmsAsked({ credential, realms }: FrontDoorRoute, { loginRealm }: FrontDoor): readonly string[] {
  switch (credential.kind) {
    case 'none':
    case 'internal':
      return []
    case 'realm':
      return [credential.realm]
    case 'serviceAccount':
      return realms.length === 0 ? [loginRealm] : realms
    default:
      return realms
  }
}

/** A second realm takes the assertions that are for it. */
function grantNeeds(frontDoor: FrontDoor): readonly AudienceNeed[] {
  return frontDoor.realms.flatMap((second) => {
    if (!isObtainedBy(second, 'jwtGrant')) return []
    const { audience, exchangeScopes: scopes } = second.obtain
    const because = `realms.${second.name}.obtain`
    return peopleOf(second, frontDoor).map(({ name }) => ({ realm: name, audience, scopes, because }))
  })
}

function askingClient({ audience, scopes, because }: AudienceNeed, { clientId }: FrontDoorRealm): ClientPart {
  const asked = unique(scopes.filter(needsAssignment).map(scopeName))
  if (scopes.length > 0) return { clientId, because, ...(asked.length > 0 ? { optionalScopes: asked } : {}) }
  return { clientId, because, mappers: audienceMappers([audience]) }
}

function audienceClient({ audience, because }: AudienceNeed): ClientPart {
  const settings = { ...PRESET_SETTINGS.bearer, clientAuthenticatorType: 'client-secret' }
  return { clientId: audience, because, settings, hasSecret: true }
}

function audienceScopes({ audience, scopes, because }: AudienceNeed): readonly WantedScope[] {
  const mappers = { [audienceMapperName(audience)]: audienceMapper(audience) }
  return scopes
    .filter((name) => !isBuiltInScope(name))
    .map((name) => ({ ...plainScope(name, because), description: `Tokens for ${audience}`, mappers }))
}

/** Keycloak refuses a login that asks for a scope the client has not. */
function askedScopes({ name, clientId, scopes }: FrontDoorRealm): readonly ClientPart[] {
  const asked = unique(scopes.filter(needsAssignment).map(scopeName))
  return asked.length === 0 ? [] : [{ clientId, because: `realms.${name}.scopes`, optionalScopes: asked }]
}

function plainScopes({ name, scopes }: FrontDoorRealm): readonly WantedScope[] {
  return scopes.filter((scope) => !isBuiltInScope(scope)).map((scope) => plainScope(scope, `realms.${name}.scopes`))
}

function plainScope(name: string, because: string): WantedScope {
  const attributes = { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' }
  return { name, because, description: 'Asked for by the gateway', attributes, mappers: {} }
}
