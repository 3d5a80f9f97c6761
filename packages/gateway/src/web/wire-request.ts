// A web request as it goes over a wire. How its body is framed is decided here and by what the body is: two headers that
// say it differently would be two requests to somebody.
import { type ClientRequest, request as startRequest } from 'node:http'
import { type Duplex, pipeline, Readable, Transform } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { GatewayError } from '../kernel/errors.ts'

/** What belongs to the connection the request came by, and what is written anew. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Above anything a service is let through with: our cookies come on top of it. */
const MAX_ANSWER_HEADER_BYTES = 131_072

/** Begins a request on a connection of its own. Throws for what cannot be said in HTTP/1.1. */
export function sendOverWire(request: Request, connection: Duplex): ClientRequest {
  const { method, signal } = request
  const { pathname, search } = new URL(request.url)
  const length = statedLength(request.headers)
  const body = request.body === null ? null : readBody(request.body, length)
  const outgoing = startRequest({
    method,
    path: pathname + search,
    headers: { ...buildHeaders(request), ...(body === null ? {} : framing(length)) },
    signal,
    maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
    createConnection: () => connection,
  })
  // Above its limit node drops headers without a word, and ours stand last.
  outgoing.maxHeadersCount = 0
  if (body === null) outgoing.end()
  else sendBody(body, outgoing)
  return outgoing
}

function buildHeaders({ headers, url }: Request): Readonly<Record<string, string>> {
  const kept = [...headers].filter(([name]) => !OF_THE_CONNECTION.has(name))
  const named = headers.get('connection')
  return Object.fromEntries([
    ...kept,
    ['host', headers.get('host') ?? new URL(url).host],
    // What it names is taken off behind the door, as from every request.
    ['connection', named === null ? 'close' : `close, ${named}`],
  ])
}

function framing(length: number | null): Readonly<Record<string, string>> {
  return length === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }
}

/** Null where the headers say none that could be believed. */
function statedLength(headers: Headers): number | null {
  const stated = headers.get('content-length')
  const isPlain = stated !== null && /^\d{1,15}$/.test(stated) && !headers.has('transfer-encoding')
  return isPlain ? Number(stated) : null
}

/** Throws where somebody else reads it already. */
function readBody(body: ReadableStream, length: number | null): Readable {
  const source = Readable.fromWeb(body as NodeReadableStream)
  return length === null ? source : pipeline(source, createLengthCheck(length), () => {})
}

// Not a pipeline: that would break the request off without saying why.
function sendBody(body: Readable, outgoing: ClientRequest): void {
  body.on('error', (error) => outgoing.destroy(error))
  outgoing.on('close', () => body.destroy())
  // Whoever answers need not wait for the first piece. Not `flushHeaders`, which writes headers as UTF-8 (Node 24.21).
  outgoing.write('', 'latin1')
  body.pipe(outgoing)
}

/** A body that is shorter or longer than was said is broken off, and never read as the next request. */
function createLengthCheck(length: number): Transform {
  let left = length
  const wrong = () => new GatewayError('ERR_REQUEST_MALFORMED', { because: 'its body is not as long as it says' })
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      left -= piece.length
      if (left < 0) done(wrong())
      else done(null, piece)
    },
    flush(done) {
      done(left === 0 ? null : wrong())
    },
  })
}
