// A server on loopback that can go away and come back on its port, as a realm that is killed and started again.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

const LOOPBACK = '127.0.0.1'

export interface LoopbackListener {
  readonly port: number
  /** Connections are refused from now on, and the open ones are cut. */
  stop(): Promise<void>
  /** Listens on the same port again. */
  start(): Promise<void>
}

export async function listenOnLoopback(port: number, handler: RequestListener): Promise<LoopbackListener> {
  const server = createServer(handler)

  async function listen(wanted: number): Promise<void> {
    server.listen(wanted, LOOPBACK)
    await once(server, 'listening')
  }

  await listen(port)
  const { port: taken } = server.address() as AddressInfo
  return {
    port: taken,
    async stop() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    async start() {
      if (!server.listening) await listen(taken)
    },
  }
}
