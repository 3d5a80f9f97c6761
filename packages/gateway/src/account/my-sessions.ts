// The sessions of the person who asks, and their ends. Whose they are is decided by the cookie alone: a handle, which
// others may know, only chooses among them.
import type { SetCookieHeader } from '../http/cookies.ts'
import { isForeign, isNavigation } from '../http/navigation.ts'
import { buildErrorReply, buildPage } from '../http/pages.ts'
import { parseQuery, type Query, refuseOthers } from '../http/query.ts'
import type { ReadForm } from '../http/read-form.ts'
import { buildJson, buildProblem, buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { GatewayError } from '../kernel/errors.ts'
import { findSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import { subjectIndex } from '../session/session-id.ts'
import { nameDevice } from './device-name.ts'
import { buildSessionsPage, type ListedSession } from './my-sessions-page.ts'

export interface MySessionsOptions {
  readonly sessions: Pick<SessionLifecycle, 'find' | 'findAll' | 'use' | 'end' | 'now'>
  readonly cookies: Cookies
  /** `publicUrl`'s and the front ends' origins. */
  readonly origins: readonly string[]
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  /** Of this endpoint. */
  readonly path: string
  /** Ends the session of this browser as logout does. Rejects with `ERR_STORE_UNAVAILABLE`; the session then lives on. */
  readonly logOut: (request: GatewayRequest, live: LiveSession) => Promise<OwnEnd>
}

/** What is left to do in this browser. */
export interface OwnEnd {
  /** A path of ours to navigate to, once. */
  readonly logoutUrl: string
  readonly cookies: readonly SetCookieHeader[]
}

type Wish =
  | { readonly kind: 'list'; readonly hasEnded: boolean }
  | { readonly kind: 'one'; readonly handle: string }
  | { readonly kind: 'others' }
  | { readonly kind: 'all' }

const VARY = [['vary', 'Cookie, Origin, Sec-Fetch-Site, Accept']] as const

/**
 * `GET /auth/sessions`, and once its origin has been proved `DELETE`, or `POST` as a form sends it.
 * Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`.
 */
export async function answerSessions(
  request: GatewayRequest,
  readForm: ReadForm,
  options: MySessionsOptions,
): Promise<Reply> {
  if (!isNavigation(request) && isForeign(request, options.origins)) {
    throw new GatewayError('ERR_POLICY_CSRF', { reason: 'foreign-origin' })
  }
  const wish = await readWish(request, readForm)
  const own = await findSession(request, options)
  if (own === undefined) return answerNobody(request, options)
  options.sessions.use(own)
  const mine = await options.sessions.findAll('subject', subjectIndex(own.session.issuer, own.session.subject))
  return wish.kind === 'list'
    ? list(request, own, mine, wish.hasEnded, options)
    : end(request, own, mine, wish, options)
}

async function readWish(request: GatewayRequest, readForm: ReadForm): Promise<Wish> {
  const query = parseQuery(request.search)
  if (request.method === 'GET') {
    refuseOthers(query, ['ended'])
    return { kind: 'list', hasEnded: isTrue(query, 'ended') }
  }
  if (request.method === 'DELETE') return readEnd(query)
  refuseOthers(query, [])
  return readEnd(await readForm())
}

function readEnd(fields: Query): Wish {
  refuseOthers(fields, ['id', 'others', 'all'])
  if (fields.size !== 1) throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'one of id, others and all' })
  const handle = fields.get('id')
  if (handle !== undefined) return { kind: 'one', handle }
  return isTrue(fields, 'all') ? { kind: 'all' } : readOthers(fields)
}

function readOthers(fields: Query): Wish {
  if (isTrue(fields, 'others')) return { kind: 'others' }
  throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'only true can be asked for' })
}

function isTrue(fields: Query, name: string): boolean {
  const value = fields.get(name)
  if (value !== undefined && value !== 'true') throw new GatewayError('ERR_REQUEST_MALFORMED', { parameter: name })
  return value === 'true'
}

/** Clears no cookie: an answer that is late must not take the cookie that a login in another tab has just set. */
function answerNobody(request: GatewayRequest, { loginUrl, path }: MySessionsOptions): Reply {
  if (isNavigation(request)) return buildRedirect(`${loginUrl}?${new URLSearchParams({ return_to: path })}`)
  return buildProblem('ERR_SESSION_REQUIRED', { requestId: request.id, loginUrl, headers: VARY })
}

function list(
  request: GatewayRequest,
  own: LiveSession,
  mine: readonly LiveSession[],
  hasEnded: boolean,
  { sessions, path }: MySessionsOptions,
): Reply {
  const listed = mine.map((live) => describe(live, own)).toSorted(thisOneFirst)
  if (isNavigation(request)) return buildSessionsPage({ sessions: listed, path, hasEnded, now: sessions.now() }, VARY)
  return buildJson(200, { sessions: listed }, VARY)
}

function describe(live: LiveSession, own: LiveSession): ListedSession {
  const { handle, device, createdAt } = live.session
  return {
    id: handle,
    device: nameDevice(device.userAgent),
    address: device.address,
    created_at: Math.floor(createdAt),
    last_used_at: Math.floor(live.lastUsedAt),
    current: live.key === own.key,
  }
}

function thisOneFirst(a: ListedSession, b: ListedSession): number {
  return Number(b.current) - Number(a.current) || b.last_used_at - a.last_used_at
}

async function end(
  request: GatewayRequest,
  own: LiveSession,
  mine: readonly LiveSession[],
  wish: Exclude<Wish, { readonly kind: 'list' }>,
  options: MySessionsOptions,
): Promise<Reply> {
  const chosen = choose(mine, own, wish)
  if (wish.kind === 'one' && chosen.length === 0) return answerUnknown(request, options)
  const others = chosen.filter(({ key }) => key !== own.key)
  const because = 'ended at the list of their sessions'
  const ends = await Promise.all(others.map((live) => options.sessions.end(live, 'user-elsewhere', because)))
  const ended = ends.filter(Boolean).length
  if (others.length === chosen.length) return tellEnded(request, ended, options)
  return tellLoggedOut(request, ended + 1, await options.logOut(request, own))
}

function choose(mine: readonly LiveSession[], own: LiveSession, wish: Wish): readonly LiveSession[] {
  if (wish.kind === 'one') return mine.filter(({ session }) => session.handle === wish.handle)
  return wish.kind === 'others' ? mine.filter(({ key }) => key !== own.key) : mine
}

function answerUnknown(request: GatewayRequest, { path }: MySessionsOptions): Reply {
  const links = [{ href: path, label: 'Your sessions' }]
  return buildErrorReply(request, 'ERR_ROUTE_NOT_FOUND', { requestId: request.id, links, headers: VARY })
}

function tellEnded(request: GatewayRequest, ended: number, { path }: MySessionsOptions): Reply {
  return isNavigation(request)
    ? buildRedirect(`${path}?ended=true`)
    : buildJson(200, { ended, logged_out: false }, VARY)
}

function tellLoggedOut(request: GatewayRequest, ended: number, { logoutUrl, cookies }: OwnEnd): Reply {
  if (!isNavigation(request)) {
    return buildJson(200, { ended, logged_out: true, logout_url: logoutUrl }, [...VARY, ...cookies])
  }
  const links = [{ href: logoutUrl, label: 'Go on' }]
  const page = { title: 'You are logged out', text: 'One moment, please.', links, footnote: '' }
  // No redirect: browsers hold what follows a form's answer to `form-action`, and the way goes on to the realm.
  return buildPage(200, page, [['refresh', `0;url=${logoutUrl}`], ...cookies])
}
