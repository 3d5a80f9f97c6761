// A service's side of a WebSocket, written by hand.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Agrees to a handshake (RFC 6455 section 4.2.2), and leaves the frames to the test. */
export function agree({ headers }: IncomingMessage, socket: Duplex, lines: readonly string[] = []): void {
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = `sec-websocket-accept: ${createHash('sha1').update(key).digest('base64')}`
  const head = ['HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: WebSocket', accept, ...lines]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
}

/** One binary frame of a server. */
export function buildFrame(payload: Buffer): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(payload.length))
  return Buffer.concat([Buffer.from([0x82, 127]), length, payload])
}
