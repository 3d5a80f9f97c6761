// Tells the tabs of a browser what becomes of its session. Being told never counts as activity, and says nothing that
// `/auth/user` would not say.
import type { EventStream, EventStreamReply } from '../http/event-stream.ts'
import { isForeign } from '../http/navigation.ts'
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildProblem, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { SessionEnd } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import { findSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { type SessionLimits, sessionState } from '../session/session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { SessionWatches } from '../session/session-watch.ts'
import { secondsUntil } from './seconds-until.ts'
import { warningsBefore } from './session-warnings.ts'
import { wordOfEnd } from './session-words.ts'

export interface TabEventsOptions {
  readonly sessions: Pick<SessionLifecycle, 'find' | 'now' | 'reread'>
  readonly watches: Pick<SessionWatches, 'watch'>
  readonly cookies: Cookies
  readonly limits: SessionLimits
  /** `publicUrl`'s and the front ends' origins. */
  readonly origins: readonly string[]
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  /** Calls it again and again, about once a second, until the returned function is called. */
  readonly everySecond: (act: () => void) => () => void
}

export interface TabEvents {
  /** `GET /auth/events`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`. */
  answer(request: GatewayRequest): Promise<Reply | EventStreamReply>
}

/** The tabs of one session. */
interface Tabs {
  live: LiveSession
  readonly streams: Set<EventStream>
  readonly stopWatching: () => void
  /** How many warnings they have had. */
  warned: number
  /** When to look at the limits next. */
  lookAt: EpochSeconds
}

/** A browser has one; some of one session hold a copy of its cookie. The oldest goes first. */
const MAX_STREAMS_PER_SESSION = 20
/** Another process may have seen a use that nobody tells of. */
const LOOK_AGAIN_SECONDS = 10
const VARY = [['vary', 'Cookie, Origin, Sec-Fetch-Site']] as const

export function createTabEvents(options: TabEventsOptions): TabEvents {
  const { sessions, limits } = options
  const byKey = new Map<string, Tabs>()
  const warnings = warningsBefore(limits.idleSeconds)
  let stopLooking: (() => void) | null = null

  function join(live: LiveSession, stream: EventStream): () => void {
    const tabs = byKey.get(live.key) ?? begin(live)
    tabs.streams.add(stream)
    const [oldest] = tabs.streams
    if (tabs.streams.size > MAX_STREAMS_PER_SESSION && oldest !== undefined) {
      tabs.streams.delete(oldest)
      oldest.end()
    }
    stream.send('session', { id: live.session.subject, expires_in: expiresIn(live) })
    return () => {
      tabs.streams.delete(stream)
      if (tabs.streams.size === 0) forget(tabs)
    }
  }

  function begin(live: LiveSession): Tabs {
    const stopWatching = options.watches.watch(live, {
      onEnded: (by) => end(tabs, by),
      onChanged: (changed) => renew(tabs, changed),
      usesTokens: false,
    })
    const tabs: Tabs = { live, streams: new Set(), stopWatching, warned: 0, lookAt: 0 }
    byKey.set(live.key, tabs)
    stopLooking ??= options.everySecond(lookAtAll)
    return tabs
  }

  function forget(tabs: Tabs): void {
    if (byKey.get(tabs.live.key) !== tabs) return
    byKey.delete(tabs.live.key)
    tabs.stopWatching()
    if (byKey.size > 0) return
    stopLooking?.()
    stopLooking = null
  }

  function tell({ streams }: Tabs, name: string, data: Readonly<Record<string, unknown>>): void {
    for (const stream of streams) stream.send(name, data)
  }

  function end(tabs: Tabs, by: SessionEnd | null): void {
    forget(tabs)
    const [name, data] = wordOfEnd(by)
    tell(tabs, name, data)
    for (const stream of tabs.streams) stream.end()
  }

  function renew(tabs: Tabs, live: LiveSession): void {
    // Its tokens are lost: the next request is answered 401, and only a page can heal it.
    if (live.session.lost !== null) {
      end(tabs, 'realm')
      return
    }
    tabs.live = live
    tabs.warned = warningsDue(tabs, sessions.now())
    tell(tabs, 'session-renewed', { expires_in: expiresIn(live) })
  }

  function expiresIn(live: LiveSession): number {
    const now = sessions.now()
    const state = sessionState(live.session, live.lastUsedAt, limits, now)
    return state.kind === 'active' ? secondsUntil(state.endsAt, now) : 0
  }

  function lookAtAll(): void {
    const now = sessions.now()
    for (const tabs of byKey.values()) if (now >= tabs.lookAt) look(tabs, now)
  }

  function look(tabs: Tabs, now: EpochSeconds): void {
    if (warningsDue(tabs, now) === 0 && tabs.warned === 0) return
    tabs.lookAt = now + LOOK_AGAIN_SECONDS
    // The warning is for whoever asks nothing: of another process's requests only the store knows.
    const judge = (live: LiveSession | undefined) => {
      if (live !== undefined && byKey.get(live.key) === tabs) warn(tabs, live)
    }
    sessions.reread(tabs.live).then(judge, () => undefined)
  }

  /** How many warnings should have been told; says when the next one is due. */
  function warningsDue(tabs: Tabs, now: EpochSeconds): number {
    const { session, lastUsedAt } = tabs.live
    const state = sessionState(session, lastUsedAt, limits, now)
    // Whoever watches the session ends it, and says so.
    if (state.kind !== 'active') return tabs.warned
    const due = warnings.filter((seconds) => now >= state.endsAt - seconds).length
    const next = warnings[due]
    tabs.lookAt = next === undefined ? now + LOOK_AGAIN_SECONDS : state.endsAt - next
    return due
  }

  function warn(tabs: Tabs, live: LiveSession): void {
    tabs.live = live
    const now = sessions.now()
    const due = warningsDue(tabs, now)
    if (due > 0) tabs.lookAt = Math.min(tabs.lookAt, now + LOOK_AGAIN_SECONDS)
    if (due > tabs.warned) tell(tabs, 'session-ending', { seconds: expiresIn(live) })
    else if (due < tabs.warned) tell(tabs, 'session-renewed', { expires_in: expiresIn(live) })
    tabs.warned = due
  }

  return {
    async answer(request) {
      if (isForeign(request, options.origins)) throw new GatewayError('ERR_POLICY_CSRF', { reason: 'foreign-origin' })
      refuseOthers(parseQuery(request.search), [])
      const live = await findSession(request, options)
      if (live === undefined) {
        const { loginUrl } = options
        return buildProblem('ERR_SESSION_REQUIRED', { requestId: request.id, loginUrl, headers: VARY })
      }
      return { kind: 'event-stream', headers: VARY, open: (stream) => join(live, stream) }
    },
  }
}
