// Asking a realm to renew tokens, and telling whoever listens what came of it.
import type { Events } from '../kernel/events.ts'
import type { RefreshResult, RefreshSubject, RelyingParty } from '../realm/relying-party.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Turn } from './realm-gate.ts'

/**
 * Once more with the same token where the answer was lost: safe with rotation off and with one allowed reuse. Leaves
 * its turn at the realm.
 */
export async function askRefresh(
  realm: Pick<RelyingParty, 'refresh'>,
  refreshToken: string,
  subject: RefreshSubject,
  lease: Pick<LeaseKeeper, 'isHeld'>,
  turn: Turn,
): Promise<RefreshResult> {
  const first = await realm.refresh(refreshToken, subject)
  // notes/keycloak, "Refresh rotation".
  const repeats = isSilence(first) && lease.isHeld()
  const result = repeats ? await realm.refresh(refreshToken, subject) : first
  turn.leave(isSilence(result) ? 'silent' : 'answered')
  return result
}

/** Nothing of use came from the realm itself: the network failed, or it did (5xx). */
function isSilence(result: RefreshResult): boolean {
  return result.kind === 'unavailable' && result.mayRepeat
}

export interface AnsweredRefresh {
  readonly realm: string
  /** The session's public handle. */
  readonly session: string
  readonly result: RefreshResult
  /** The new tokens are those of the session now. */
  readonly isKept: boolean
  readonly seconds: number
}

/** Emits `tokens.refreshed`. */
export function tellRefreshed(refresh: AnsweredRefresh, events: Pick<Events, 'emit'>): void {
  const { realm, session, result, isKept, seconds } = refresh
  const ofRefreshed = isKept ? 'success' : 'discarded'
  events.emit({
    kind: 'tokens.refreshed',
    realm,
    session,
    outcome: result.kind === 'refreshed' ? ofRefreshed : result.kind,
    seconds,
    ...('because' in result ? { because: result.because } : {}),
  })
}
