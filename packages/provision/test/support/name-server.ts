// A DNS server that knows no name, or says nothing at all.
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

export interface NameServer {
  lookup(host: string): Promise<readonly string[]>
  close(): void
}

const RESPONSE = 0x8180
const NO_SUCH_NAME = 3

export async function startNameServer(kind: 'empty' | 'silent'): Promise<NameServer> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    if (kind === 'silent') return
    const answer = Buffer.from(query)
    answer.writeUInt16BE(RESPONSE | NO_SUCH_NAME, 2)
    socket.send(answer, from.port, from.address)
  })
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  const resolver = new Resolver({ timeout: 200, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  return { lookup: (host) => resolver.resolve4(host), close: () => socket.close() }
}
