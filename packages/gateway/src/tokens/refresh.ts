// Renews the tokens of a session: one request to the realm for any number of waiting requests and processes, never
// bound to the request that noticed. Lease, re-read, ask, compare-and-set. Only the realm's word or a foreign subject
// ends a session here; tokens the realm refuses for another reason are lost, and whatever else goes wrong keeps both.
import { isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { RefreshResult, RelyingParty } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { askRefresh, tellRefreshed } from './ask-refresh.ts'
import { createCooldown } from './cooldown.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Turn } from './realm-gate.ts'
import { renewedSession } from './renewed-session.ts'
import { type LeaseOptions, workUnderLease } from './under-lease.ts'
import { withPatience, writeOnto } from './write-onto.ts'

export type RefreshOutcome =
  | { readonly kind: 'fresh'; readonly live: LiveSession }
  | { readonly kind: 'ended'; readonly because: string }
  /** The session stays, and opens nothing until a silent login takes its place. */
  | { readonly kind: 'lost'; readonly because: string }
  | { readonly kind: 'unavailable'; readonly live: LiveSession; readonly retryAfterSeconds: number }

export interface Refresher {
  /** Renews the tokens if they are due; every caller at the same time gets the same answer. Never rejects. */
  refresh(live: LiveSession): Promise<RefreshOutcome>
  /** Renews them though they are not due, at most once in `atMostEverySeconds` over all processes. Never rejects. */
  refreshNow(live: LiveSession, atMostEverySeconds: number): Promise<RefreshOutcome>
  /** Renews these tokens though they are not due, unless somebody has done so. Never rejects. */
  refreshAhead(live: LiveSession): Promise<RefreshOutcome>
  /** Resolves when no refresh is under way any more. */
  drain(): Promise<void>
}

export interface RefresherOptions extends LeaseOptions {
  readonly store: SessionStore
  readonly lifecycle: SessionLifecycle
  readonly relyingParty: (realm: string) => RelyingParty
  readonly events: Events
  /** The pause after a failed refresh before the realm is asked again for this session. */
  readonly cooldownSeconds: number
}

type Rejected = RefreshResult & { readonly kind: 'rejected' }

/** A session that loses its tokens so soon after it was healed would be healed for ever. */
const HEAL_AT_MOST_EVERY_SECONDS = 60
/** Others write once in minutes. */
const LOSE_ATTEMPTS = 10

export function createRefresher(options: RefresherOptions): Refresher {
  const { store, lifecycle, events } = options
  const running = new Map<string, Promise<RefreshOutcome>>()
  const cooldown = createCooldown(() => store.now())
  // The realm may have spent the old token: the new ones exist nowhere else until they are written.
  const patient = withPatience(lifecycle, options)

  function isDue(live: LiveSession): boolean {
    return store.now() >= live.session.refreshDueAt
  }

  function unavailable(live: LiveSession, retryAfterSeconds: number): RefreshOutcome {
    cooldown.begin(live.key, retryAfterSeconds)
    return { kind: 'unavailable', live, retryAfterSeconds }
  }

  function refreshOnce(live: LiveSession, isWanted: (current: LiveSession) => boolean): Promise<RefreshOutcome> {
    const current = running.get(live.key)
    if (current !== undefined) return current
    const refresh = refreshUnderLease(live, isWanted)
      .catch((cause: unknown) => {
        if (!isGatewayError(cause)) events.emit({ kind: 'store.failed', operation: 'refresh', cause })
        return unavailable(live, options.cooldownSeconds)
      })
      .finally(() => running.delete(live.key))
    running.set(live.key, refresh)
    return refresh
  }

  async function refreshUnderLease(
    live: LiveSession,
    isWanted: (current: LiveSession) => boolean,
  ): Promise<RefreshOutcome> {
    const work = {
      lease: `refresh:${live.key}`,
      realm: live.session.realm,
      isWanted: (current: LiveSession) => current.session.lost === null && isWanted(current),
      run: askRealm,
    }
    const outcome = await workUnderLease(live, work, options)
    switch (outcome.kind) {
      case 'done':
        return outcome.result
      case 'unwanted':
        return asFound(outcome.live)
      case 'ended':
        return { kind: 'ended', because: 'ended elsewhere' }
      case 'busy':
        return unavailable(live, options.cooldownSeconds)
      case 'turned-away':
        return { kind: 'unavailable', live, retryAfterSeconds: outcome.retryAfterSeconds }
    }
  }

  async function askRealm(live: LiveSession, lease: LeaseKeeper, turn: Turn): Promise<RefreshOutcome> {
    const { session } = live
    if (session.tokens.refreshToken === null) return unavailable(live, options.cooldownSeconds)
    const startedAt = store.now()
    const realm = options.relyingParty(session.realm)
    const subject = { issuer: session.issuer, subject: session.subject }
    const result = await askRefresh(realm, session.tokens.refreshToken, subject, lease, turn)
    const outcome = await settle(live, result)
    const isKept = outcome.kind === 'fresh'
    const seconds = store.now() - startedAt
    tellRefreshed({ realm: session.realm, session: session.handle, result, isKept, seconds }, events)
    return outcome
  }

  async function settle(live: LiveSession, result: RefreshResult): Promise<RefreshOutcome> {
    switch (result.kind) {
      case 'refreshed':
        return keepTokens(live, (session) => renewedSession(session, result))
      case 'unavailable':
        return settleUnavailable(live, result)
      case 'rejected':
        return giveUpUnlessRenewed(live, result)
      case 'foreign':
        return endByRealm(live, 'the refreshed tokens belong to somebody else')
    }
  }

  // An answer of no other use may have carried the only refresh token that still works.
  async function settleUnavailable(
    live: LiveSession,
    { refreshToken, retryAfterSeconds }: RefreshResult & { readonly kind: 'unavailable' },
  ): Promise<RefreshOutcome> {
    const pauseSeconds = retryAfterSeconds ?? options.cooldownSeconds
    if (refreshToken === undefined) return unavailable(live, pauseSeconds)
    const kept = await keepTokens(live, (session) => ({ ...session, tokens: { ...session.tokens, refreshToken } }))
    return kept.kind === 'fresh' ? unavailable(kept.live, pauseSeconds) : kept
  }

  async function keepTokens(live: LiveSession, renew: (session: Session) => Session): Promise<RefreshOutcome> {
    const { refreshToken } = live.session.tokens
    // Whoever wrote the record without touching its tokens keeps what they wrote; whoever renewed them was quicker.
    // Tokens that have been given up meanwhile were refused together with these: they are siblings.
    const change = (session: Session) =>
      session.tokens.refreshToken === refreshToken && session.lost === null ? renew(session) : null
    const written = await writeOnto(live, change, patient)
    return written.kind === 'ended' ? written : asFound(written.live)
  }

  // A lease that was lost to a stalled process may have let another one renew first: its tokens live.
  async function giveUpUnlessRenewed(live: LiveSession, { because, isEnd }: Rejected): Promise<RefreshOutcome> {
    for (let attempt = 0; attempt < LOSE_ATTEMPTS; attempt += 1) {
      const current = await lifecycle.reread(live)
      if (current === undefined) return { kind: 'ended', because }
      const isSame = current.session.tokens.refreshToken === live.session.tokens.refreshToken
      if (!isSame || current.session.lost !== null) return asFound(current)
      if (isEnd || wasJustHealed(current.session, store.now())) return endByRealm(current, because)
      const outcome = await lifecycle.lose(current, because)
      if (outcome === 'replaced') return { kind: 'lost', because }
      if (outcome === 'tombstoned') return endByRealm(current, because)
    }
    return unavailable(live, options.cooldownSeconds)
  }

  async function endByRealm(live: LiveSession, because: string): Promise<RefreshOutcome> {
    await lifecycle.end(live, 'realm', because)
    return { kind: 'ended', because }
  }

  function unavailableWhileCooling(live: LiveSession): RefreshOutcome | undefined {
    const retryAfterSeconds = cooldown.restSeconds(live.key)
    return retryAfterSeconds > 0 ? { kind: 'unavailable', live, retryAfterSeconds } : undefined
  }

  /** Whether these tokens, or newer ones, are to be renewed. */
  function isStill({ session }: LiveSession): (current: LiveSession) => boolean {
    const { accessToken } = session.tokens
    return (current) => current.session.tokens.accessToken === accessToken || isDue(current)
  }

  return {
    async refresh(live) {
      return unavailableWhileCooling(live) ?? refreshOnce(live, isDue)
    },
    async refreshAhead(live) {
      return unavailableWhileCooling(live) ?? refreshOnce(live, isStill(live))
    },
    async refreshNow(live, atMostEverySeconds) {
      const early = unavailableWhileCooling(live) ?? running.get(live.key)
      if (early !== undefined) return early
      try {
        const claim = await store.claim(`refresh-now:${live.key}`, store.now() + atMostEverySeconds)
        // Another one has just renewed them, or is about to: under the lease its tokens are found.
        if (claim !== 'claimed') return refreshOnce(live, isDue)
      } catch {
        return unavailable(live, options.cooldownSeconds)
      }
      const isWanted = isStill(live)
      // Whoever was faster may only have looked, and found nothing due.
      for (let other = running.get(live.key); other !== undefined; other = running.get(live.key)) {
        const outcome = await other
        if (outcome.kind !== 'fresh' || !isWanted(outcome.live)) return outcome
      }
      return refreshOnce(live, isWanted)
    },
    async drain() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

function asFound(live: LiveSession): RefreshOutcome {
  const { lost } = live.session
  return lost === null ? { kind: 'fresh', live } : { kind: 'lost', because: lost.because }
}

function wasJustHealed({ healedAt }: Session, now: EpochSeconds): boolean {
  return healedAt !== null && now < healedAt + HEAL_AT_MOST_EVERY_SECONDS
}
