// Answers as data.

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Thrown by whatever finds that it cannot go on. */
export class Refusal extends Error {
  readonly reply: Reply

  constructor(status: number, body: unknown) {
    super(JSON.stringify(body))
    this.reply = { status, body, headers: { 'content-type': 'application/json' } }
  }
}

export const NO_CONTENT: Reply = { status: 204 }

export function ok(body: unknown): Reply {
  return { status: 200, body, headers: { 'content-type': 'application/json;charset=UTF-8' } }
}

export function created(location: string): Reply {
  return { status: 201, headers: { location } }
}

export function forbidden(): Refusal {
  return new Refusal(403, { error: 'HTTP 403 Forbidden' })
}

export function notFound(error: string): Refusal {
  return new Refusal(404, { error })
}

export function exists(what: string): Refusal {
  return new Refusal(409, { errorMessage: what })
}

/** Keycloak's answer to its own exceptions. */
export function brokenInside(): Refusal {
  const error_description = 'For more on this error consult the server log.'
  return new Refusal(500, { error: 'unknown_error', error_description })
}

/** Each class of representations has fields of its own. */
export function refuseUnknownFields(body: object, known: ReadonlySet<string>, representation: string): void {
  const unknown = Object.keys(body).find((name) => !known.has(name))
  if (unknown === undefined) return
  const error = `Invalid json representation for ${representation}. Unrecognized field "${unknown}" at line 1 column 1.`
  throw new Refusal(400, { error })
}
