// An answer that goes on: server-sent events (HTML Living Standard, section 9.2). Thousands may be open at the same time,
// so one timer keeps all of them alive, and none holds more than a few small objects.
import type { ServerResponse } from 'node:http'
import { completeHeaders } from './answer-headers.ts'
import type { Reply } from './reply.ts'

export interface EventStream {
  /** `data` is sent as JSON. Does nothing once the stream has ended. */
  send(name: string, data: unknown): void
  end(): void
}

/** As data, like `Reply`. */
export interface EventStreamReply {
  readonly kind: 'event-stream'
  /** Beside those every event stream has. */
  readonly headers: Reply['headers']
  /** Called with the stream once it is open. Returns what is done when it has ended, by whomever. */
  readonly open: (stream: EventStream) => () => void
}

export interface EventStreams {
  send(response: ServerResponse, reply: EventStreamReply): void
  /** Ends all of them, so that the server can close; what still comes ends as soon as it is open. */
  close(): void
}

/** A comment to each stream within this time: proxies cut what is silent for a minute. */
const HEARTBEAT_SECONDS = 20
/** A client that has left so much unread is cut. Everything a stream says in a day is less. */
const MAX_UNREAD_BYTES = 16_384
const RETRY_MILLISECONDS = 2000

const STREAM_HEADERS: Reply['headers'] = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  // `no-transform`: proxies that compress would keep events back.
  ['cache-control', 'no-store, no-transform'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  // nginx would gather events until its buffer is full.
  ['x-accel-buffering', 'no'],
]

export function createEventStreams(): EventStreams {
  /** One for each second of a heartbeat, so that not all are written to at once. */
  const slots = Array.from({ length: HEARTBEAT_SECONDS }, () => new Set<ResponseStream>())
  let opened = 0
  let open = 0
  let second = 0
  let isClosed = false
  let timer: NodeJS.Timeout | null = null

  function beat(): void {
    second = (second + 1) % HEARTBEAT_SECONDS
    for (const stream of slots[second] ?? []) stream.write(':\n\n')
  }

  function startTimer(): void {
    timer ??= setInterval(beat, 1000).unref()
  }

  function stopTimer(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }

  return {
    send(response, reply) {
      if (response.destroyed || response.headersSent) return
      const headers = [...STREAM_HEADERS, ...reply.headers].flat()
      response.writeHead(200, completeHeaders(response, headers))
      const stream = new ResponseStream(response)
      stream.write(`retry: ${RETRY_MILLISECONDS}\n\n`)
      const slot = slots[opened % HEARTBEAT_SECONDS]
      opened += 1
      open += 1
      slot?.add(stream)
      startTimer()
      const ended = reply.open(stream)
      response.once('close', () => {
        slot?.delete(stream)
        open -= 1
        if (open === 0) stopTimer()
        ended()
      })
      if (isClosed) stream.end()
    },
    close() {
      isClosed = true
      for (const slot of slots) for (const stream of slot) stream.end()
    },
  }
}

class ResponseStream implements EventStream {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  send(name: string, data: unknown): void {
    this.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  write(text: string): void {
    const response = this.#response
    if (response.writableEnded || response.destroyed) return
    response.write(text)
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
  }

  end(): void {
    this.#response.end()
  }
}
