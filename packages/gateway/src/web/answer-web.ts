// Web request in, web response out.
import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { buildProblem, type Reply } from '../http/reply.ts'
import { type ErrorCode, GatewayError, isGatewayError } from '../kernel/errors.ts'
import { buildWebResponse } from '../wire/web-response.ts'
import type { MemoryServer, MessageHandler } from './memory-server.ts'
import { sendOverWire } from './wire-request.ts'

/** What stands for the id of a request that was never read. */
export const UNREAD = 'unread'

export interface WebDoor {
  readonly server: MemoryServer
  readonly handler: MessageHandler
  /** How long more of an answer may wait than a web response holds by itself. */
  readonly unreadSeconds: number
  /** Told of a request that did not get as far as the handler, or was cut. */
  readonly failed: (code: ErrorCode, cause: unknown) => void
}

/** Never rejects: what cannot be sent, and what is cut while it waits, is answered here. */
export async function answerWeb(request: Request, door: WebDoor): Promise<Response> {
  try {
    return await exchange(request, door)
  } catch (error) {
    const code = codeOf(error)
    if (!request.signal.aborted) door.failed(code, error)
    return toWebResponse(buildProblem(code, { requestId: UNREAD }))
  }
}

function exchange(request: Request, { server, handler, unreadSeconds }: WebDoor): Promise<Response> {
  const connection = server.connect(handler)
  if (connection === null) throw new GatewayError('ERR_GATEWAY_CLOSED')
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const outgoing = begin(request, connection)
  outgoing.on('error', reject)
  outgoing.on('response', (answer) => {
    // What breaks off from here on is told by the body.
    answer.on('error', () => {})
    try {
      resolve(buildWebResponse(answer, request.method, unreadSeconds))
    } catch (cause) {
      answer.destroy()
      reject(new GatewayError('ERR_UPSTREAM_BAD_RESPONSE', {}, cause))
    }
  })
  return promise
}

function begin(request: Request, connection: Duplex): ClientRequest {
  try {
    return sendOverWire(request, connection)
  } catch (error) {
    connection.destroy()
    throw error
  }
}

export function toWebResponse({ status, headers, body }: Reply): Response {
  return new Response(body === '' ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) })
}

/** A connection that ends without an answer was cut by the server; everything else the request itself is to blame for. */
function codeOf(error: unknown): ErrorCode {
  if (isGatewayError(error)) return error.code
  const isCut = error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
  return isCut ? 'ERR_GATEWAY_CLOSED' : 'ERR_REQUEST_MALFORMED'
}
