// Connections that never leave the process, one for each request. At the other end is node's own server, so that what
// comes this way is parsed, limited and streamed as what comes by a socket.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { createLimitedServer, type HttpLimits } from '../http/server.ts'

/** Must not throw: it answers every message itself. */
export type MessageHandler = (message: IncomingMessage, response: ServerResponse) => void

export interface MemoryServer {
  /** The caller's end of a new connection, whose request goes to `handler`; null once the server closes. */
  connect(handler: MessageHandler): Duplex | null
  /** Takes no more connections, waits for requests in flight as long as the limit says, then cuts. */
  close(): Promise<void>
}

/** Who calls from within the process: only where `trustedProxies` has it, does it speak for somebody else. */
const REMOTE_ADDRESS = '127.0.0.1'

export function createMemoryServer(limits: HttpLimits): MemoryServer {
  const handlers = new WeakMap<Duplex, MessageHandler>()
  const connections = new Set<Duplex>()
  let isClosing = false
  let emptied = () => {}
  const server = createLimitedServer({
    limits,
    handler: (message, response) => handlers.get(message.socket)?.(message, response),
    upgradeHandler: null,
  })
  return {
    connect(handler) {
      if (isClosing) return null
      const [caller, ours] = createConnection()
      handlers.set(ours, handler)
      connections.add(ours)
      ours.once('close', () => {
        connections.delete(ours)
        if (connections.size === 0) emptied()
      })
      server.emit('connection', ours)
      return caller
    },
    async close() {
      isClosing = true
      if (connections.size === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      emptied = resolve
      const cut = setTimeout(() => {
        for (const connection of connections) connection.destroy()
      }, limits.closeSeconds * 1000)
      await promise
      clearTimeout(cut)
    },
  }
}

/** Both ends of a connection: as with a socket, none outlives the other, and what was written before is still read. */
function createConnection(): readonly [caller: Duplex, ours: Duplex] {
  const [caller, ours] = duplexPair()
  Object.assign(ours, { remoteAddress: REMOTE_ADDRESS })
  for (const [side, other] of [
    [caller, ours],
    [ours, caller],
  ] as const) {
    Object.assign(side, { destroySoon: () => destroySoon(side) })
    side.once('close', () => other.destroy())
  }
  return [caller, ours]
}

/** Of a socket's methods the one that node's HTTP needs of both ends. */
function destroySoon(side: Duplex): void {
  side.once('finish', () => side.destroy())
  side.end()
}
