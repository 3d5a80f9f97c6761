// The one address a browser talks to: passes bytes on, and writes down everything that reaches the browser.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface RecordingFront {
  readonly port: number
  aim(ports: readonly number[]): void
  /** Everything that has reached the browser, without the borders of chunks. */
  told(): string
  close(): Promise<void>
}

export async function openRecordingFront(): Promise<RecordingFront> {
  let target = 0
  const sockets = new Set<Socket>()
  const answers = new Map<Socket, Buffer[]>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const pieces: Buffer[] = []
    answers.set(upstream, pieces)
    upstream.on('data', (piece: Buffer) => pieces.push(piece))
    keep(client).pipe(keep(upstream)).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    aim([port = 0]) {
      target = port
    },
    told() {
      const all = [...answers.values()].map((pieces) => Buffer.concat(pieces).toString('latin1'))
      return all.join('\n').replaceAll(/\r\n[0-9a-f]{1,8}\r\n/g, '')
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
