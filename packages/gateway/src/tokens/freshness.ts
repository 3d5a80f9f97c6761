// Whether a session has tokens that may be used now, and how long anybody waits for them.
import type { ErrorCode } from '../kernel/errors.ts'
import type { Clock } from '../kernel/time.ts'
import { within } from '../kernel/wait.ts'
import type { LiveSession } from '../session/live-session.ts'
import { usableUntil } from './obtained.ts'
import type { Refresher, RefreshOutcome } from './refresh.ts'
import { RETRY_AFTER_SECONDS } from './refusals.ts'

export type Freshness =
  | { readonly kind: 'fresh'; readonly live: LiveSession }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly retryAfterSeconds: number }

export interface FreshnessOptions {
  readonly refresher: Pick<Refresher, 'refresh'>
  /** How long requests wait for tokens to be renewed. */
  readonly waitSeconds: number
  /**
   * Renewals that are due are waited for, because they say whether the session lives. A realm that cannot say changes
   * nothing: living tokens go on.
   */
  readonly verifies: boolean
  readonly now: Clock
}

/**
 * The session with tokens that may be used now. Tokens that are due but alive are used while they are renewed in the
 * background, unless `verifies`; expired ones are waited for, within a bound, and never sent.
 */
export type Freshen = (live: LiveSession) => Freshness | Promise<Freshness>

export function createFreshen(options: FreshnessOptions): Freshen {
  async function waitFor(refresh: Promise<RefreshOutcome>): Promise<Freshness> {
    const outcome = await within(refresh, options.waitSeconds)
    if (outcome === undefined) return notFresh(RETRY_AFTER_SECONDS)
    if (outcome.kind === 'ended') return { kind: 'refused', code: 'ERR_TOKEN_REFRESH_REJECTED', retryAfterSeconds: 0 }
    if (outcome.kind === 'lost') return { kind: 'refused', code: 'ERR_SESSION_LOST', retryAfterSeconds: 0 }
    if (outcome.kind === 'unavailable') return notFresh(outcome.retryAfterSeconds)
    // An answer may be longer on its way than its token lives.
    const isUsable = options.now() < usableUntil(outcome.live.session.tokens.accessTokenExpiresAt)
    return isUsable ? outcome : notFresh(RETRY_AFTER_SECONDS)
  }

  async function verify(live: LiveSession, refresh: Promise<RefreshOutcome>): Promise<Freshness> {
    const freshness = await waitFor(refresh)
    const isUnsaid = freshness.kind === 'refused' && freshness.code === 'ERR_TOKEN_REFRESH_UNAVAILABLE'
    const isAlive = options.now() < live.session.tokens.accessTokenExpiresAt
    return isUnsaid && isAlive ? { kind: 'fresh', live } : freshness
  }

  return (live) => {
    const now = options.now()
    if (now < live.session.refreshDueAt) return { kind: 'fresh', live }
    const refresh = options.refresher.refresh(live)
    if (now >= usableUntil(live.session.tokens.accessTokenExpiresAt)) return waitFor(refresh)
    return options.verifies ? verify(live, refresh) : { kind: 'fresh', live }
  }
}

function notFresh(retryAfterSeconds: number): Freshness {
  return { kind: 'refused', code: 'ERR_TOKEN_REFRESH_UNAVAILABLE', retryAfterSeconds }
}
