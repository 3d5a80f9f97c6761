// A credential that cannot be had, and how soon to ask again.
import type { ErrorCode } from '../kernel/errors.ts'
import type { Refusal } from './obtained.ts'

/** Where nobody says how long it takes: it is probably soon over. */
export const RETRY_AFTER_SECONDS = 1

/** `retryAfterSeconds` 0: waiting does not help. */
export function refused(code: ErrorCode, because: string, retryAfterSeconds = 0): Refusal {
  return { kind: 'refused', code, because, retryAfterSeconds }
}

/** `retryAfterSeconds` null: nobody says. */
export function unavailable(because: string, retryAfterSeconds: number | null = null): Refusal {
  return refused('ERR_CREDENTIAL_UNAVAILABLE', because, retryAfterSeconds ?? RETRY_AFTER_SECONDS)
}
