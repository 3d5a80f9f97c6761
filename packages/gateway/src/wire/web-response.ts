// An answer from a wire as a web response, at the pace of whoever reads it.
import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream'

const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What a web response must not have a body with (Fetch section 2.2.3). */
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

const MAX_WAITING_BYTES = 65_536

/**
 * Throws a `RangeError` or `TypeError` for what a web response cannot be. What waits to be read for `unreadSeconds` is
 * broken off, and its connection with it.
 */
export function buildWebResponse(answer: IncomingMessage, method: string, unreadSeconds: number): Response {
  const { statusCode: status = 0 } = answer
  const init = { status, headers: copyHeaders(answer.rawHeaders) }
  if (method !== 'HEAD' && !WITHOUT_BODY.includes(status)) return new Response(toWebStream(answer, unreadSeconds), init)
  answer.resume()
  return new Response(null, init)
}

function copyHeaders(raw: readonly string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? ''
    if (!OF_THE_CONNECTION.has(name.toLowerCase())) headers.append(name, raw[at + 1] ?? '')
  }
  return headers
}

/** Not `Readable.toWeb`: what is cancelled here has to reach the other end at once, also while nothing comes. */
function toWebStream(answer: IncomingMessage, unreadSeconds: number): ReadableStream<Uint8Array> {
  let unread: NodeJS.Timeout | undefined
  const wait = () => {
    answer.pause()
    clearTimeout(unread)
    unread = setTimeout(() => answer.destroy(new Error('nobody read it')), unreadSeconds * 1000).unref()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        answer.on('data', (piece: Buffer) => {
          controller.enqueue(piece)
          if ((controller.desiredSize ?? 0) <= 0) wait()
        })
        finished(answer, (error) => {
          clearTimeout(unread)
          if (error === null || error === undefined) controller.close()
          else controller.error(error)
        })
      },
      pull() {
        clearTimeout(unread)
        answer.resume()
      },
      cancel() {
        answer.destroy()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  )
}
