// A call to an issuer: within time and size, and never on to where it is redirected.
import { type Claims, isObject } from './claims.ts'

export interface IssuerAnswer {
  readonly status: number
  readonly text: string
}

export interface IssuerCallOptions {
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSeconds: number
}

/** Rejects when there is no answer in time or it is too long. */
export type IssuerCall = (url: string, init: RequestInit) => Promise<IssuerAnswer>

const ANSWER_MAX_BYTES = 1_048_576

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_MAX_BYTES) throw new RangeError('the answer of the issuer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function createIssuerCall({ fetch, timeoutSeconds }: IssuerCallOptions): IssuerCall {
  return async (url, init) => {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    return { status: response.status, text: await readText(response) }
  }
}

/** The answer as JSON; null unless it is a 200 with an object in it. */
export function parseAnswer({ status, text }: IssuerAnswer): Claims | null {
  if (status !== 200) return null
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
