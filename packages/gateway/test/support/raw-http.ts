// HTTP written by hand, for what no client library would send.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Sends the bytes and reads until the other side closes. Status 0 when it closed without a word. */
export async function sendRaw(port: number, text: string): Promise<RawAnswer> {
  const socket = await openRaw(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return parseAnswer(Buffer.concat(chunks).toString('latin1'))
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const head = end === -1 ? text : text.slice(0, end)
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    head: head.toLowerCase(),
    body: end === -1 ? '' : text.slice(end + 4),
  }
}

/** A request that ends its connection, with headers as lines. */
export function buildRaw(requestLine: string, lines: readonly string[], body = ''): string {
  return [`${requestLine} HTTP/1.1`, ...lines, 'Connection: close', '', body].join('\r\n')
}
