// Asking a realm to renew tokens, and telling whoever listens what came of it.
import type { Events } from '../kernel/events.ts'
import type { RefreshResult, RefreshSubject, RelyingParty } from '../realm/relying-party.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** Once more with the same token where the answer was lost: safe with rotation off and with one allowed reuse. */
export async function askRefresh(
  realm: Pick<RelyingParty, 'refresh'>,
  refreshToken: string,
  subject: RefreshSubject,
  lease: Pick<LeaseKeeper, 'isHeld'>,
): Promise<RefreshResult> {
  const first = await realm.refresh(refreshToken, subject)
  // notes/keycloak, "Refresh rotation".
  const repeats = first.kind === 'unavailable' && first.mayRepeat && lease.isHeld()
  return repeats ? realm.refresh(refreshToken, subject) : first
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
