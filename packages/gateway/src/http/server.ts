// The listener: node's HTTP server with limits, and an end that lets requests in flight finish.
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ErrorCode, GatewayError } from '../kernel/errors.ts'
import { completeHeaders } from './answer-headers.ts'
import { buildProblem, type Reply } from './reply.ts'
import { asksForAnotherProtocol, takeUpgrade, type UpgradeHandler } from './upgrade.ts'

export interface HttpServerOptions {
  /** Port 0 picks a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly limits: HttpLimits
  /** Must not throw: it answers every message itself. */
  readonly handler: (message: IncomingMessage, response: ServerResponse) => void
  /** As `handler`, for requests to speak another protocol; null: those are ordinary requests. */
  readonly upgradeHandler: UpgradeHandler | null
}

export interface HttpLimits {
  /** Of the request line and all headers together; more is answered 431. */
  readonly maxHeaderBytes: number
  /** Until the headers of a request are complete; then 408. */
  readonly headersTimeoutSeconds: number
  /** How long an idle connection stays open. */
  readonly keepAliveSeconds: number
  /** What requests in flight get to finish once the server closes; then their connections are cut. */
  readonly closeSeconds: number
}

export interface HttpServer {
  /** Resolves with the address in use. Rejects with `ERR_LISTEN_FAILED`. */
  start(): Promise<{ readonly host: string; readonly port: number }>
  /** Takes no more connections, waits for requests in flight as long as the limit says, then cuts. */
  close(): Promise<void>
}

const IDLE_SWEEP_MILLISECONDS = 50
/** How often node looks for requests whose headers take too long. */
const CHECK_CONNECTIONS_MILLISECONDS = 5000

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { limits, listen } = options
  const server = createLimitedServer(options)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return {
    start: () => start(server, listen),
    close: () => close(server, sockets, limits.closeSeconds),
  }
}

/** Node's server with our limits, which listens to nobody yet. */
export function createLimitedServer(options: Omit<HttpServerOptions, 'listen'>): Server {
  const { limits, upgradeHandler } = options
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutSeconds * 1000,
    // Bodies have limits of their own where they are read: an upload may take its time as long as it moves.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveSeconds * 1000,
    connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MILLISECONDS, (limits.headersTimeoutSeconds * 1000) / 2),
    optimizeEmptyRequests: true,
    ...(upgradeHandler === null ? {} : { shouldUpgradeCallback: asksForAnotherProtocol }),
  }
  const server = createServer(settings, options.handler)
  // Above its limit node drops headers without a word; the limit in bytes is the one that refuses.
  server.maxHeadersCount = 0
  server.on('clientError', answerClientError)
  server.on('connect', (_message, socket) => answerRaw(socket, 'ERR_ROUTE_METHOD_NOT_ALLOWED'))
  if (upgradeHandler !== null) {
    server.on('upgrade', (message, socket, head) => takeUpgrade(message, socket as Socket, head, upgradeHandler))
  }
  return server
}

function start(server: Server, { host, port }: HttpServerOptions['listen']): ReturnType<HttpServer['start']> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { readonly code?: string }) => {
      reject(new GatewayError('ERR_LISTEN_FAILED', { host, port, because: cause.code ?? 'unknown' }, cause))
    }
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve({ host, port: (server.address() as AddressInfo).port })
    })
  })
}

function close(server: Server, sockets: ReadonlySet<Socket>, seconds: number): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, seconds * 1000)
    // A connection becomes idle only after its last answer, and node would keep it for the next request.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MILLISECONDS)
    server.close(() => {
      clearTimeout(cut)
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
    // Browsers connect ahead of need; to node such a connection is a request that has begun.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
}

/** Writes an answer. A HEAD request gets the headers alone: node leaves the body out. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return
  const headers: string[] = []
  for (const [name, value] of reply.headers) headers.push(name, value)
  headers.push('content-length', String(Buffer.byteLength(reply.body)))
  // The rest of the request may still come, and must not be read as the next one (RFC 9110 section 15.5.9).
  if (reply.status === 408) headers.push('connection', 'close')
  response.writeHead(reply.status, completeHeaders(response, headers))
  response.end(reply.body)
}

function answerClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') answerRaw(socket, 'ERR_REQUEST_HEADERS_TOO_LARGE')
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') answerRaw(socket, 'ERR_REQUEST_TIMEOUT')
  else answerRaw(socket, 'ERR_REQUEST_MALFORMED')
}

interface HttpSocket extends Duplex {
  /** Node's: the answer being written on this connection. */
  readonly _httpMessage?: { readonly headersSent: boolean } | null
}

/** For what is not a request yet: there is no message to answer, only a socket. */
function answerRaw(socket: HttpSocket, code: ErrorCode): void {
  // An answer that has begun must not be continued with another one.
  if (!socket.writable || socket._httpMessage?.headersSent === true) {
    socket.destroy()
    return
  }
  const reply = buildProblem(code, { requestId: 'unread' })
  const lines = reply.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = `content-length: ${Buffer.byteLength(reply.body)}\r\nconnection: close\r\n`
  const status = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n`
  socket.end(`${status}${lines}${length}\r\n${reply.body}`, () => socket.destroy())
}
