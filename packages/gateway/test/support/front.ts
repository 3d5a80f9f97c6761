// What stands before the gateways of a test: one address, each connection for the next gateway.
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.ts'

export interface Front {
  readonly port: number
  /** Where the next connections go, in turn. */
  aim(ports: readonly number[]): void
  close(): Promise<void>
}

/** Passes bytes on, connection by connection; with `tls` it ends TLS first. */
export async function openFront(kind: 'direct' | 'tls'): Promise<Front> {
  let ports: readonly number[] = []
  let count = 0
  const sockets = new Set<Socket>()
  const pass = (client: Socket) => {
    const server = connectTcp(ports[count % ports.length] ?? 0, '127.0.0.1')
    count += 1
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.pipe(server).pipe(client)
  }
  const server: Server =
    kind === 'tls' ? createTlsServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, pass) : createTcpServer(pass)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    aim(to) {
      ports = to
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
