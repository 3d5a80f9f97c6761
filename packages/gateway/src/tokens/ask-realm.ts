// Asking a realm for a token, told to whoever listens, and its answer as those who wait see it.
import type { Events, GatewayEvent } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { ObtainResult } from '../realm/relying-party.ts'
import { refused, unavailable } from './refusals.ts'
import type { Asked } from './token-holder.ts'

/** What a realm's answer means. A subject token that is dead even when it is new is trouble that passes. */
export function judgeAnswer(result: ObtainResult): Asked {
  switch (result.kind) {
    case 'token':
      return result
    case 'subject-dead':
      return unavailable('the realm does not accept the token it has just issued')
    case 'unavailable':
      return unavailable(result.because, result.retryAfterSeconds)
    case 'refused':
      return refused(
        result.blame === 'forbidden' ? 'ERR_CREDENTIAL_FORBIDDEN' : 'ERR_CREDENTIAL_REFUSED',
        result.because,
      )
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
