// The answer as the client receives it.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from '../http/exchange.ts'

/** Sends the headers in this turn of the loop, in one packet with what follows in the same turn. */
export function flushWithFirstPiece(response: ServerResponse): void {
  const { socket } = response
  if (socket === null) return
  socket.cork()
  process.nextTick(uncork, socket)
  response.flushHeaders()
}

function uncork(socket: Socket): void {
  socket.uncork()
}

/** A broken-off answer must not look like a complete one: HTTP/1.0 ends a body by closing the connection. */
export function breakOff({ message, response }: Pick<Exchange, 'message' | 'response'>): void {
  if (message.httpVersionMinor === 0) message.socket.resetAndDestroy()
  else response.destroy()
}

export function isEventStream(contentType: string | string[] | undefined): boolean {
  return typeof contentType === 'string' && contentType.toLowerCase().startsWith('text/event-stream')
}

/** True where no event is half said: they end with an empty line. */
export function endsEvent(piece: Buffer): boolean {
  const end = piece.toString('latin1', Math.max(0, piece.length - 4))
  return end.endsWith('\n\n') || end.endsWith('\r\r') || end.endsWith('\r\n\r\n')
}

/** As `addTrailers` takes them. */
export function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) result.push([flat[at] ?? '', flat[at + 1] ?? ''])
  return result
}
