// Requests of this server over a wire of its own. Not `fetch`: that unpacks what it receives, follows Next's caching, and
// cannot speak to one host in the name of another.
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { buildWebResponse } from '@doorman/gateway/wire'

export interface WireRequest {
  readonly url: URL
  readonly method: string
  /** No name twice, as in `Headers`; `host` may be among them. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: ReadableStream | string | null
  /** Sent twice it does no more than once, and its body is no stream. */
  readonly isRepeatable: boolean
  readonly signal: AbortSignal
}

const MAX_ANSWER_HEADER_BYTES = 65_536
/** As long as a gateway waits by itself between two pieces of a body. */
const UNREAD_SECONDS = 300

/** The answer as it comes, neither unpacked nor followed. Rejects when there is none. */
export async function sendRequest(wire: WireRequest): Promise<Response> {
  try {
    return await sendOnce(wire)
  } catch (error) {
    // A connection that was kept may end just when it is used again (RFC 9110, section 9.2.2).
    if (isStale(error) && wire.isRepeatable && !wire.signal.aborted) return sendOnce(wire)
    throw error
  }
}

class StaleConnectionError extends Error {}

function isStale(error: unknown): boolean {
  return error instanceof StaleConnectionError
}

function sendOnce({ url, method, headers, body, signal }: WireRequest): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const start = url.protocol === 'https:' ? requestHttps : requestHttp
  const maxHeaderSize = MAX_ANSWER_HEADER_BYTES
  const outgoing = start(url, { method, headers: Object.fromEntries(headers), signal, maxHeaderSize })
  outgoing.on('error', (cause) => {
    const isReset = 'code' in cause && cause.code === 'ECONNRESET'
    reject(outgoing.reusedSocket && isReset ? new StaleConnectionError('reset', { cause }) : cause)
  })
  outgoing.on('response', (answer) => {
    // What breaks off from here on is told by the body.
    answer.on('error', () => {})
    try {
      resolve(buildWebResponse(answer, method, UNREAD_SECONDS))
    } catch (error) {
      // Of a status that a web response cannot have.
      answer.destroy()
      reject(error)
    }
  })
  sendBody(body, outgoing)
  return promise
}

function sendBody(body: WireRequest['body'], outgoing: ClientRequest): void {
  // What fails here is told by `outgoing`, which is destroyed with it.
  if (body instanceof ReadableStream) pipeline(Readable.fromWeb(body as NodeReadableStream), outgoing, () => {})
  else outgoing.end(body ?? undefined)
}
