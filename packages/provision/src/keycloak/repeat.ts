// When a call may be made again, and after how long. Nobody else decides about that.
import { NetworkError } from '@keycloak/keycloak-admin-client'

const ATTEMPTS = 5
/** A realm that does not answer at all is not waited for five times. */
const ATTEMPTS_WITHOUT_ANSWER = 2
const FIRST_PAUSE_SECONDS = 0.25
/** A Keycloak that is starting names the seconds it has been at it, not those that are left. */
const MAX_RETRY_AFTER_SECONDS = 5

export type Pause = (seconds: number) => Promise<void>

/** What another attempt may cure. */
export type PassingFailure =
  | { readonly because: 'connection'; readonly cause: unknown }
  | { readonly because: 'timeout' }
  | { readonly because: 'status'; readonly status: number; readonly retryAfterSeconds: number }

export interface Repetition {
  readonly pause: Pause
  readonly onRepeat: () => void
}

/** Makes the attempts. Rejects with the last one's error, which `passingFailure` still recognises. */
export async function repeat<Answer>(
  send: (isRepetition: boolean) => Promise<Answer>,
  { pause, onRepeat }: Repetition,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(attempt > 1)
    } catch (error) {
      const failure = passingFailure(error)
      if (failure === undefined || attempt >= attemptsAfter(failure)) throw error
      onRepeat()
      await pause(pauseSeconds(failure, attempt))
    }
  }
}

export function passingFailure(error: unknown): PassingFailure | undefined {
  if (error instanceof NetworkError) return passingStatus(error.response)
  if (error instanceof DOMException && error.name === 'TimeoutError') return { because: 'timeout' }
  // What fetch throws for a connection that failed has a cause; a mistake of ours has none.
  if (error instanceof TypeError && error.cause !== undefined) return { because: 'connection', cause: error.cause }
  return undefined
}

function passingStatus({ status, headers }: Response): PassingFailure | undefined {
  if (status !== 429 && (status < 500 || status === 501)) return undefined
  const retryAfter = Number(headers.get('retry-after'))
  return { because: 'status', status, retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : 0 }
}

function attemptsAfter({ because }: PassingFailure): number {
  return because === 'timeout' ? ATTEMPTS_WITHOUT_ANSWER : ATTEMPTS
}

function pauseSeconds(failure: PassingFailure, attempt: number): number {
  const asked = failure.because === 'status' ? Math.min(failure.retryAfterSeconds, MAX_RETRY_AFTER_SECONDS) : 0
  const backOff = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  return Math.max(asked, backOff)
}
