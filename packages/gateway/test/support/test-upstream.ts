// A service behind the gateway, over a real socket: it writes down what it was asked and answers as the test says.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ReceivedRequest {
  readonly method: string
  /** As it stood in the request line. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** Empty until the answer has begun, unless the script reads it. */
  readonly body: string
}

export type SwitchScript = (message: IncomingMessage, socket: Duplex, head: Buffer) => void

export type Script = (message: IncomingMessage, response: ServerResponse) => void

/** Reads the body to its end, then says ok. */
export const sayOk: Script = (message, response) => {
  message.resume()
  message.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'))
}

export interface TestUpstream {
  readonly origin: string
  readonly received: readonly ReceivedRequest[]
  /** Connections open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Says how all requests from now on are answered. */
  answer(script: Script): void
  /** Says how requests to speak another protocol are answered from now on; until then they are ordinary ones. */
  switchTo(script: SwitchScript): void
  /** As if nothing had been received yet. */
  forget(): void
  close(): Promise<void>
}

export async function createTestUpstream(): Promise<TestUpstream> {
  const received: ReceivedRequest[] = []
  const sockets = new Set<Socket>()
  let script = sayOk
  const server = createServer((message, response) => {
    received.push(record(message))
    response.on('error', () => {})
    script(message, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    sockets,
    answer(next) {
      script = next
    },
    switchTo(next) {
      server.removeAllListeners('upgrade')
      server.on('upgrade', (message, socket, head) => {
        received.push(record(message))
        socket.on('error', () => {})
        next(message, socket, head)
        // Who does not read does not hear the other side hang up, and node leaves it to us to do the same then.
        socket.resume().on('end', () => socket.end())
      })
    },
    forget() {
      received.length = 0
    },
    async close() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function record(message: IncomingMessage): ReceivedRequest {
  const chunks: Buffer[] = []
  message.prependListener('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    get body() {
      return Buffer.concat(chunks).toString('latin1')
    },
  }
}
