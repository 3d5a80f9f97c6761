// A request to speak another protocol on its connection (RFC 9110 section 7.8). Node hands over the bare socket, so its
// answer is put back between: whoever refuses answers as ever, and whoever accepts gets the socket.
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface UpgradeRequest {
  /** In lower case; null where there cannot be one: several at once, a body, anything but GET. */
  readonly protocol: string | null
  /** Answers 101 with these headers, and hands over the connection. */
  accept(headers: string[]): Socket
}

export type UpgradeHandler = (message: IncomingMessage, response: ServerResponse, upgrade: UpgradeRequest) => void

/** As the configuration names them. */
const PROTOCOL = /^[a-z][a-z0-9.+-]{0,40}$/

interface HttpSocket extends Socket {
  /** Node's: the answer being written on this connection. */
  readonly _httpMessage?: ServerResponse | null
}

/** `head`: what has come already after the request's headers. */
export function takeUpgrade(message: IncomingMessage, socket: HttpSocket, head: Buffer, handle: UpgradeHandler): void {
  socket.on('error', ignore)
  // Pipelined behind a request whose answer has not ended: two answers cannot be written at once.
  if (socket._httpMessage !== null && socket._httpMessage !== undefined) {
    socket.destroy()
    return
  }
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => socket.destroySoon())
  const detach = guardSocket(socket, response)
  const accept = (headers: string[]): Socket => {
    response.writeHead(101, headers)
    response.flushHeaders()
    detach()
    response.detachSocket(socket)
    // Its answer is over, and told so as node tells it: not in the middle of what the caller does.
    process.nextTick(() => response.emit('close'))
    return socket
  }
  handle(message, response, { protocol: readProtocol(message, head), accept })
}

/** What node's server does for its own answers. Returns the function that ends it. */
function guardSocket(socket: Socket, response: ServerResponse): () => void {
  // Nobody speaks before the answer (RFC 6455 section 4.1), and who has hung up waits for none.
  const giveUp = () => {
    if (!response.headersSent) socket.destroy()
  }
  const drain = () => response.emit('drain')
  socket.on('data', giveUp).on('end', giveUp).on('drain', drain)
  return () => {
    socket.pause()
    socket.off('data', giveUp).off('end', giveUp).off('drain', drain)
  }
}

/**
 * HTTP/2 is only offered, and not taken: Java's client does so with every request over plain HTTP, and is answered in
 * HTTP/1.1 (RFC 9110 section 7.8). Node before 24.9 and 22.21 does not ask; such a request is then refused.
 */
export function asksForAnotherProtocol({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== 'h2c'
}

function readProtocol({ method, httpVersion, headers }: IncomingMessage, head: Buffer): string | null {
  // Bytes behind the headers would be another request to somebody who refuses, and a first message to somebody else.
  const hasMore = head.length > 0 || headers['transfer-encoding'] !== undefined
  const length = headers['content-length']
  if (method !== 'GET' || httpVersion !== '1.1' || hasMore || (length !== undefined && length !== '0')) return null
  const protocol = headers.upgrade?.toLowerCase() ?? ''
  return PROTOCOL.test(protocol) ? protocol : null
}

function ignore(): void {}
