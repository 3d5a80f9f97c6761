// The body of a small request to an endpoint of our own, within a size and a time.
import type { IncomingMessage } from 'node:http'
import { within } from '../kernel/wait.ts'

export interface TextLimits {
  readonly maxBytes: number
  readonly seconds: number
}

export type ReadText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too-large' }
  /** It takes too long, breaks off, or is no UTF-8. */
  | { readonly kind: 'broken' }

export async function readText(message: IncomingMessage, limits: TextLimits): Promise<ReadText> {
  return (await within(gather(message, limits.maxBytes), limits.seconds)) ?? { kind: 'broken' }
}

async function gather(message: IncomingMessage, maxBytes: number): Promise<ReadText> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of message.iterator({ destroyOnReturn: false })) {
      bytes += piece.length
      if (bytes > maxBytes) return { kind: 'too-large' }
      pieces.push(piece)
    }
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)) }
  } catch {
    return { kind: 'broken' }
  }
}
