// Asking a realm for a token, told to whoever listens, and its answer as those who wait see it.
import type { Events, GatewayEvent } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { ObtainResult } from '../realm/relying-party.ts'
import { type Asked, unavailable } from './token-holder.ts'

/** Where the realm does not say how long it will take. */
const RETRY_AFTER_SECONDS = 1

/** What a realm's answer means. A subject token that is dead even when it is new is trouble that passes. */
export function judgeAnswer(result: ObtainResult): Asked {
  switch (result.kind) {
    case 'token':
      return result
    case 'subject-dead':
      return unavailable('the realm does not accept the token it has just issued', RETRY_AFTER_SECONDS)
    case 'unavailable':
      return unavailable(result.because, result.retryAfterSeconds ?? RETRY_AFTER_SECONDS)
    case 'refused':
      return {
        kind: 'refused',
        code: result.blame === 'forbidden' ? 'ERR_CREDENTIAL_FORBIDDEN' : 'ERR_CREDENTIAL_REFUSED',
        because: result.because,
        retryAfterSeconds: 0,
      }
  }
}

export type WantedToken = Pick<
  Extract<GatewayEvent, { readonly kind: 'credential.obtained' }>,
  'credential' | 'realm' | 'session'
>

/** Asks, and emits `credential.obtained`. */
export async function askAndTell(
  wanted: WantedToken,
  ask: () => Promise<Asked>,
  { events, now }: { readonly events: Pick<Events, 'emit'>; readonly now: () => EpochSeconds },
): Promise<Asked> {
  const startedAt = now()
  const asked = await ask()
  events.emit({
    kind: 'credential.obtained',
    ...wanted,
    ...(asked.kind === 'token'
      ? { outcome: 'success' }
      : { outcome: 'refused', code: asked.code, because: asked.because }),
    seconds: now() - startedAt,
  })
  return asked
}
