// Next drops `Content-Encoding` and `Content-Length` from what a route handler answers, and packs the answer itself. What a
// service has packed would reach the browser as noise, so services are asked not to, and are unpacked if they do.
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { buildProblem } from './problem.ts'

const UNPACK = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const

type Coding = keyof typeof UNPACK

/** The same request, which asks for an answer that is not packed. */
export function askForPlain({ url, method, headers, body, signal }: Request): Request {
  const plain = new Headers(headers)
  plain.set('accept-encoding', 'identity')
  const init: RequestInit & { readonly duplex: 'half' } = { method, headers: plain, body, signal, duplex: 'half' }
  return new Request(url, init)
}

/** A coding that is not known is a 502. */
export function unpack(response: Response): Response {
  const codings = (response.headers.get('content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length === 0 || response.body === null) return response
  if (!codings.every(isKnown)) {
    response.body.cancel().catch(() => {})
    return buildProblem('upstream_bad_response')
  }
  const { status, headers } = response
  const plain = new Headers(headers)
  plain.delete('content-encoding')
  plain.delete('content-length')
  return new Response(unpackBody(response.body, codings), { status, headers: plain })
}

function isKnown(coding: string): coding is Coding {
  return Object.hasOwn(UNPACK, coding)
}

function unpackBody(body: ReadableStream, codings: readonly Coding[]): ReadableStream {
  let last: Readable = Readable.fromWeb(body as NodeReadableStream)
  for (const coding of codings.toReversed()) {
    const step = UNPACK[coding]()
    // Whoever reads the next one is told what fails in this one.
    pipeline(last, step, () => {})
    last = step
  }
  return Readable.toWeb(last) as ReadableStream
}
