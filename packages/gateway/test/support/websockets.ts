// WebSockets from a browser's side and a service's, over real sockets.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { cookieOf, setStage } from './flow.ts'
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.ts'
import type { Stage, StageOptions } from './stage.ts'
import type { TestUpstream } from './test-upstream.ts'

export const SOCKET_ROUTES = `
  - { path: "/ws/*", service: api, require: { login: true }, upgrade: [websocket] }
  - { path: "/open/*", service: api, require: none, credential: none, upgrade: [websocket] }
  - { path: "/machines/*", service: api, require: { via: [bearer] }, upgrade: [websocket] }
  - { path: "/either/*", service: api, require: { via: [session, bearer] }, upgrade: [websocket] }
  - { path: "/admin/*", service: api, require: { roles: [admin] }, upgrade: [websocket] }
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/public/*", service: api, require: none, credential: none }
`

/** A service that speaks WebSocket and says what it does with one. */
export function speakWebSocket(upstream: TestUpstream, connected: (socket: WebSocket) => void): void {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: true,
    handleProtocols: (offered) => [...offered].at(-1) ?? false,
  })
  upstream.switchTo((message, socket, head) => server.handleUpgrade(message, socket, head, connected))
}

export function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}

export interface OpenOptions {
  /** Sent with the handshake; `origin` is the stage's own unless it is given; null sends none. */
  readonly origin?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  /** Past what stands before the gateways. */
  readonly gateway?: number
}

type Place = Pick<Stage, 'publicUrl' | 'gateways'>

/** A WebSocket that may still be refused. */
export function startSocket(stage: Place, path: string, options: OpenOptions = {}): WebSocket {
  const { publicUrl, gateways } = stage
  const origin = options.origin === undefined ? publicUrl : options.origin
  const port = options.gateway === undefined ? null : gateways[options.gateway]!.publicAddress.port
  const base = port === null ? publicUrl.replace(/^http/, 'ws') : `ws://127.0.0.1:${port}`
  const headers = { host: new URL(publicUrl).host, ...options.headers, ...(origin === null ? {} : { origin }) }
  const socket = new WebSocket(`${base}${path}`, [...(options.protocols ?? [])], { headers, ca: LOOPBACK_CERTIFICATE })
  socket.on('error', () => {})
  return socket
}

export async function openSocket(stage: Place, path: string, options: OpenOptions = {}): Promise<WebSocket> {
  const socket = startSocket(stage, path, options)
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'unexpected-response').then(([, answer]: IncomingMessage[]) => {
      throw new Error(`refused with ${answer?.statusCode}`)
    }),
  ])
  return socket
}

export interface Refusal {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a WebSocket that is refused is told. */
export async function refusalOf(stage: Place, path: string, options: OpenOptions = {}): Promise<Refusal> {
  const socket = startSocket(stage, path, options)
  const answer = await Promise.race([
    once(socket, 'unexpected-response').then(([, message]) => message as IncomingMessage),
    once(socket, 'open').then(() => {
      socket.terminate()
      throw new Error('not refused')
    }),
  ])
  let body = ''
  for await (const chunk of answer) body += chunk
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

export async function closeOf(socket: WebSocket): Promise<Closed> {
  const [code, reason] = await once(socket, 'close')
  return { code, reason: String(reason) }
}

/** A stage whose service echoes, and somebody who is logged in. */
export async function setSocketStage(t: TestContext, options: Partial<StageOptions> = {}) {
  const stage = await setStage(t, { routes: SOCKET_ROUTES, ...options })
  speakWebSocket(stage.upstream, echo)
  const browser = await stage.loggedIn()
  return { stage, browser, cookie: cookieOf(stage, browser) }
}
