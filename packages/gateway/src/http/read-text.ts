// The body of a small request to an endpoint of our own, within a size and a time.
import type { IncomingMessage } from 'node:http'
import { within } from '../kernel/wait.ts'

export interface TextLimits {
  readonly maxBytes: number
  readonly seconds: number
}

/** Undefined when it is longer, takes longer, breaks off, or is no UTF-8. */
export async function readText(message: IncomingMessage, limits: TextLimits): Promise<string | undefined> {
  return within(gather(message, limits.maxBytes), limits.seconds)
}

async function gather(message: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of message.iterator({ destroyOnReturn: false })) {
      bytes += piece.length
      if (bytes > maxBytes) return undefined
      pieces.push(piece)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
  } catch {
    return undefined
  }
}
