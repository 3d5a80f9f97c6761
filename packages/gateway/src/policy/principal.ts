// Who is calling, as policies and credentials see it. What costs to work out is worked out when a rule asks for it, and
// once per session: a route that asks for a login alone parses nothing.
import type { Caller } from '@doorman/resource-server'
import type { LiveSession } from '../session/live-session.ts'
import { claimOf } from '../session/session.ts'

/** What is known about somebody, however it was proven. */
export interface Person {
  /** The local name of the realm that vouches for them. */
  readonly realm: string
  readonly issuer: string
  readonly subject: string
  /** The client the tokens were issued to: ours for a session, `azp` of a bearer token; null when that names none. */
  readonly clientId: string | null
  /** The session's public handle; null for a bearer token. */
  readonly handle: string | null
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  readonly scopes: readonly string[]
  /** Keycloak's paths with the leading `/`. */
  readonly groups: readonly string[]
  /** Undefined when absent. */
  readonly claim: (name: string) => unknown
  /** `acr`; null when the realm told none. */
  readonly acr: string | null
  /** `auth_time`; null when the realm told none. */
  readonly authenticatedAt: number | null
}

export type SessionPrincipal = Person & { readonly kind: 'session'; readonly live: LiveSession }
export type BearerPrincipal = Person & {
  readonly kind: 'bearer'
  readonly caller: Caller
  readonly accessToken: string
}

export type KnownPrincipal = SessionPrincipal | BearerPrincipal

export type Principal = { readonly kind: 'anonymous' } | KnownPrincipal

export const ANONYMOUS: Principal = { kind: 'anonymous' }

const sessionPrincipals = new WeakMap<LiveSession, SessionPrincipal>()
const bearerPrincipals = new WeakMap<Caller, BearerPrincipal>()

/** The same principal for the same live session. `clientId` is ours in the session's realm. */
export function sessionPrincipal(live: LiveSession, clientId: string): SessionPrincipal {
  const known = sessionPrincipals.get(live)
  if (known !== undefined) return known
  const principal = buildSessionPrincipal(live, clientId)
  sessionPrincipals.set(live, principal)
  return principal
}

function buildSessionPrincipal(live: LiveSession, clientId: string): SessionPrincipal {
  const { session } = live
  const { realm, issuer, subject, handle, roles, claims } = session
  const claim = (name: string) => claimOf(session, name)
  const scopes = once(() => parseScopes(claim('scope')))
  const groups = once(() => parseTexts(claim('groups')))
  return {
    kind: 'session',
    live,
    realm,
    issuer,
    subject,
    clientId,
    handle,
    realmRoles: roles.realmRoles,
    clientRoles: roles.clientRoles,
    get scopes() {
      return scopes()
    },
    get groups() {
      return groups()
    },
    claim,
    acr: parseAcr(ownClaim(claims, 'acr')),
    authenticatedAt: parseAuthTime(ownClaim(claims, 'auth_time')),
  }
}

/** `caller` is what a guard made of `accessToken`; `realm` is the local name of the realm that issued it. */
export function bearerPrincipal(caller: Caller, accessToken: string, realm: string): BearerPrincipal {
  const known = bearerPrincipals.get(caller)
  if (known !== undefined) return known
  const { issuer, subject, clientId, roles, clientRoles, scopes, groups, claims } = caller
  const principal: BearerPrincipal = {
    kind: 'bearer',
    caller,
    accessToken,
    realm,
    issuer,
    subject,
    clientId,
    handle: null,
    realmRoles: roles,
    clientRoles,
    scopes,
    groups,
    claim: (name) => ownClaim(claims, name),
    acr: parseAcr(ownClaim(claims, 'acr')),
    authenticatedAt: parseAuthTime(ownClaim(claims, 'auth_time')),
  }
  bearerPrincipals.set(caller, principal)
  return principal
}

/** Names come from the configuration, claims from outside: neither may reach a property that every object has. */
function ownClaim(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** RFC 6749 section 3.3: separated by spaces. */
function parseScopes(scope: unknown): readonly string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : []
}

function parseTexts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string' && item !== '') : []
}

function parseAcr(acr: unknown): string | null {
  return typeof acr === 'string' && acr !== '' ? acr : null
}

function parseAuthTime(time: unknown): number | null {
  return typeof time === 'number' ? time : null
}

function once<Value>(find: () => Value): () => Value {
  let found: { readonly value: Value } | undefined
  return () => {
    found ??= { value: find() }
    return found.value
  }
}
