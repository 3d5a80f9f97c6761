// The body of a form post, and nothing bigger.
import type { IncomingMessage } from 'node:http'

const MAX_BODY_BYTES = 100_000

/** Null when it is too large. A body of any other type reads as an empty form, which Keycloak answers the same way. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (length > MAX_BODY_BYTES) return null
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
  return new URLSearchParams(isForm ? Buffer.concat(chunks).toString() : '')
}
