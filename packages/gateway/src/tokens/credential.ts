// What a route sends upstream for the person who asks. At once while the tokens are fresh; a credential that cannot be
// had is an error and never becomes "none".
import type { ErrorCode } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Refresher, RefreshOutcome } from './refresh.ts'

export type CredentialKind = 'accessToken' | 'none'

export type Freshness =
  | { readonly kind: 'fresh'; readonly live: LiveSession }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly retryAfterSeconds: number }

export interface CredentialOptions {
  readonly refresher: Refresher
  readonly now: () => number
  /** How long a request waits for a refresh before it is answered 503; the refresh itself goes on. */
  readonly waitSeconds: number
}

/** For a renewal that takes longer than a request waits: it is probably done soon. */
const RETRY_AFTER_SECONDS = 1
/** An access token this close to its end might not survive the way to the upstream. */
const USABLE_SECONDS = 1

export interface Credentials {
  /**
   * The session with tokens that may be used now. Tokens that are due but alive are used while they are renewed in the
   * background; expired ones are waited for, within a bound, and never sent.
   */
  freshen(live: LiveSession): Freshness | Promise<Freshness>
}

export function createCredentials(options: CredentialOptions): Credentials {
  const { refresher } = options
  const refused = (retryAfterSeconds: number): Freshness => ({
    kind: 'refused',
    code: 'ERR_TOKEN_REFRESH_UNAVAILABLE',
    retryAfterSeconds,
  })

  async function waitFor(refresh: Promise<RefreshOutcome>): Promise<Freshness> {
    const outcome = await within(refresh, options.waitSeconds)
    if (outcome === undefined) return refused(RETRY_AFTER_SECONDS)
    if (outcome.kind === 'ended') return { kind: 'refused', code: 'ERR_TOKEN_REFRESH_REJECTED', retryAfterSeconds: 0 }
    if (outcome.kind === 'unavailable') return refused(outcome.retryAfterSeconds)
    return outcome
  }

  return {
    freshen(live) {
      const now = options.now()
      if (now < live.session.refreshDueAt) return { kind: 'fresh', live }
      const refresh = refresher.refresh(live)
      if (now < live.session.tokens.accessTokenExpiresAt - USABLE_SECONDS) return { kind: 'fresh', live }
      return waitFor(refresh)
    },
  }
}
