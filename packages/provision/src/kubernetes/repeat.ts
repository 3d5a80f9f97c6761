// When a call to the cluster may be made again. All of ours may: applying twice is applying once.
import { setTimeout as delay } from 'node:timers/promises'
import { ApiException } from '@kubernetes/client-node'

const ATTEMPTS = 4
/** A server that does not answer at all is not waited for four times. */
const ATTEMPTS_WITHOUT_ANSWER = 2
const FIRST_PAUSE_SECONDS = 0.25
const MAX_RETRY_AFTER_SECONDS = 5

export type PassingFailure =
  | { readonly because: 'connection'; readonly code: string }
  | { readonly because: 'timeout' }
  | { readonly because: 'status'; readonly status: number; readonly retryAfterSeconds: number }

export async function repeat<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send()
    } catch (error) {
      const failure = passingFailure(error)
      const attempts = failure?.because === 'timeout' ? ATTEMPTS_WITHOUT_ANSWER : ATTEMPTS
      if (failure === undefined || attempt >= attempts) throw error
      await delay(pauseSeconds(failure, attempt) * 1000)
    }
  }
}

export function passingFailure(error: unknown): PassingFailure | undefined {
  if (error instanceof ApiException) return passingStatus(error.code, error.headers)
  if (error instanceof DOMException && error.name === 'TimeoutError') return { because: 'timeout' }
  // What fetch throws for a connection that failed has a cause; a mistake of ours has none.
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) return undefined
  const { cause } = error
  return { because: 'connection', code: 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name }
}

function passingStatus(status: number, headers: Readonly<Record<string, string>>): PassingFailure | undefined {
  if (status !== 429 && status < 500) return undefined
  const retryAfter = Number(headers['retry-after'])
  return { because: 'status', status, retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : 0 }
}

function pauseSeconds(failure: PassingFailure, attempt: number): number {
  const asked = failure.because === 'status' ? Math.min(failure.retryAfterSeconds, MAX_RETRY_AFTER_SECONDS) : 0
  return Math.max(asked, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2))
}
