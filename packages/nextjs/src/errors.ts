import { buildProblem, type ProblemCode, titleOf } from './problem.ts'

/**
 * What keeps somebody out, or keeps a session from being known. Next answers an uncaught one of 401 or 403 with that
 * status; of all others `error.tsx` sees `digest`.
 */
export class DoormanError extends Error {
  override readonly name = 'DoormanError'
  /** The word of a problem document, such as `login_required` or `temporarily_unavailable`. */
  readonly code: string
  /** Such as 401, 403, 502 or 503. */
  readonly status: number
  readonly digest: string

  readonly #response: Response

  constructor(response: Response, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    const { status } = response
    this.#response = response
    this.code = code
    this.status = status
    // What `unauthorized()` and `forbidden()` of `next/navigation` throw, which are refused without `authInterrupts`.
    this.digest = status === 401 || status === 403 ? `NEXT_HTTP_ERROR_FALLBACK;${status}` : `DOORMAN;${code}`
  }

  /** The problem document that says the same. */
  toResponse(): Response {
    return this.#response.clone()
  }
}

export function doormanError(code: ProblemCode, cause?: unknown): DoormanError {
  return new DoormanError(buildProblem(code), code, titleOf(code), cause)
}

/** As an answer, where there is one; whatever else was thrown goes on to Next. */
export function answerError(error: unknown): Response {
  if (error instanceof DoormanError) return error.toResponse()
  throw error
}

/** Of a problem document. */
export async function errorOf(response: Response): Promise<DoormanError> {
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  const code = typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : 'unknown'
  return new DoormanError(response, code, `A service cannot be asked in this person's name: ${code}`)
}
