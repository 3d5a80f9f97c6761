// Who is logged in, for pages. Never a token, and nothing for pages of other origins.
import { isForeign } from '../http/navigation.ts'
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildJson, buildProblem, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { type ErrorCode, GatewayError } from '../kernel/errors.ts'
import type { Mac } from '../kernel/mac.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import { lookUpSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { buildLogoutProof } from '../session/logout-proof.ts'
import { type Session, type SessionLimits, sessionState } from '../session/session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { Credentials } from '../tokens/credential.ts'
import { pickPageClaims } from './page-claims.ts'
import { secondsUntil } from './seconds-until.ts'

export interface UserOptions {
  readonly sessions: SessionLifecycle
  readonly cookies: Cookies
  readonly credentials: Pick<Credentials, 'freshen'>
  readonly limits: SessionLimits
  /** Claims of the ID token that pages may see. */
  readonly claims: readonly string[]
  /** The status when nobody is logged in: 401 with a problem document, or 200 with `null`. */
  readonly anonymous: 401 | 200
  /** `publicUrl`'s and the front ends' origins. */
  readonly origins: readonly string[]
  /** The tenants a person may name; null where there are none at all. */
  readonly tenantsOf: ((session: Session) => readonly string[]) | null
  readonly logoutMac: Mac
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  readonly logoutPath: string
}

const VARY = [['vary', 'Cookie, Origin, Sec-Fetch-Site']] as const

/** `GET /auth/user?slide=false`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`. */
export async function describeUser(request: GatewayRequest, options: UserOptions): Promise<Reply> {
  if (isForeign(request, options.origins)) throw new GatewayError('ERR_POLICY_CSRF', { reason: 'foreign-origin' })
  const slides = parseSlide(request.search)
  const own = await lookUpUser(request, slides, options)
  if (own.kind === 'active') return buildJson(200, describe(own.live, options), VARY)
  return answerNobody(request, own.kind === 'lost' ? 'ERR_SESSION_LOST' : 'ERR_SESSION_REQUIRED', options)
}

type FoundUser = { readonly kind: 'active'; readonly live: LiveSession } | { readonly kind: 'lost' | 'none' }

/** `slides`: it counts as a use of the session. Rejects with `ERR_STORE_UNAVAILABLE`. */
export async function lookUpUser(
  request: Pick<GatewayRequest, 'headers'>,
  slides: boolean,
  options: Pick<UserOptions, 'sessions' | 'cookies' | 'credentials'>,
): Promise<FoundUser> {
  const found = await lookUpSession(request, options)
  return found.kind === 'active' && slides ? use(found.live, options) : found
}

// Somebody who only reads must still hear that the realm has ended the session. A realm that is down changes nothing.
async function use(live: LiveSession, options: Pick<UserOptions, 'sessions' | 'credentials'>): Promise<FoundUser> {
  options.sessions.use(live)
  const freshness = await options.credentials.freshen(live)
  if (freshness.kind === 'fresh') return { kind: 'active', live: freshness.live }
  if (freshness.code === 'ERR_SESSION_LOST') return { kind: 'lost' }
  return freshness.code === 'ERR_TOKEN_REFRESH_REJECTED' ? { kind: 'none' } : { kind: 'active', live }
}

function parseSlide(search: string): boolean {
  const query = parseQuery(search)
  refuseOthers(query, ['slide'])
  const slide = query.get('slide') ?? 'true'
  if (slide !== 'true' && slide !== 'false') throw new GatewayError('ERR_REQUEST_MALFORMED', { parameter: 'slide' })
  return slide === 'true'
}

// Clears no cookie: an answer that is late must not take the cookie that a login in another tab has just set.
function answerNobody(request: GatewayRequest, code: ErrorCode, options: UserOptions): Reply {
  if (options.anonymous === 200) return buildJson(200, null, VARY)
  return buildProblem(code, { requestId: request.id, loginUrl: options.loginUrl, headers: VARY })
}

function describe(live: LiveSession, options: UserOptions): Readonly<Record<string, unknown>> {
  const { session } = live
  const now = options.sessions.now()
  const { claims, id, name, email, roles, clientRoles, tenant, tenants, expiresAt } = describePerson(live, options)
  return {
    ...claims,
    id,
    name,
    email,
    roles,
    client_roles: clientRoles,
    ...(options.tenantsOf === null ? {} : { tenant, tenants }),
    expires_in: secondsUntil(expiresAt, now),
    access_token_expires_in: secondsUntil(session.tokens.accessTokenExpiresAt, now),
    logout_url: `${options.logoutPath}?${new URLSearchParams({ proof: buildLogoutProof(options.logoutMac, live) })}`,
  }
}

/** Who is logged in, without what belongs to one answer. */
export interface DescribedPerson {
  /** `sub` at the realm. */
  readonly id: string
  readonly name: unknown
  readonly email: unknown
  readonly roles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** The one that counts without being named; whoever has several chooses among `tenants`. */
  readonly tenant: string | null
  readonly tenants: readonly string[]
  /** Those that pages may see. */
  readonly claims: Readonly<Record<string, unknown>>
  /** When the session ends if nothing more happens. */
  readonly expiresAt: EpochSeconds
}

export function describePerson(live: LiveSession, options: UserOptions): DescribedPerson {
  const { session } = live
  const claims = pickPageClaims(session.claims, options.claims)
  const tenants = options.tenantsOf?.(session) ?? []
  const now = options.sessions.now()
  const state = sessionState(session, live.lastUsedAt, options.limits, now)
  return {
    id: session.subject,
    name: claims.name ?? claims.preferred_username ?? null,
    email: claims.email ?? null,
    roles: session.roles.realmRoles,
    clientRoles: session.roles.clientRoles,
    tenant: tenants.length === 1 ? (tenants[0] ?? null) : null,
    tenants,
    claims,
    expiresAt: state.kind === 'active' ? state.endsAt : now,
  }
}
