// An address that passes bytes on, and writes down what it passes.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface RecordingFront {
  readonly port: number
  aim(ports: readonly number[]): void
  /** Everything that has been asked for. */
  asked(): string
  /** Everything that has been answered, without the borders of chunks. */
  told(): string
  close(): Promise<void>
}

export async function openRecordingFront(): Promise<RecordingFront> {
  let target = 0
  const sockets = new Set<Socket>()
  const asked: Buffer[][] = []
  const told: Buffer[][] = []
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    record(client, asked)
    record(upstream, told)
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
    asked: () => read(asked),
    told: () => read(told).replaceAll(/\r\n[0-9a-f]{1,8}\r\n/g, ''),
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** The pieces of each connection, one list for each. */
function record(socket: Socket, records: Buffer[][]): void {
  const pieces: Buffer[] = []
  records.push(pieces)
  socket.on('data', (piece: Buffer) => pieces.push(piece))
}

function read(records: readonly Buffer[][]): string {
  return records.map((pieces) => Buffer.concat(pieces).toString('latin1')).join('\n')
}
