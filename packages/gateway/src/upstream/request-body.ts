// The body of a request on its way upstream. Stands between node's message and undici because undici destroys the body
// it was given, and with it the browser's connection, as soon as an upstream answers without reading to the end.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** True when a body follows the headers (RFC 9112 section 6). */
export function hasBody(message: IncomingMessage): boolean {
  const { headers } = message
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

export class RequestBody extends Readable {
  readonly #message: IncomingMessage

  constructor(message: IncomingMessage) {
    super({ highWaterMark: message.readableHighWaterMark })
    this.#message = message
    message.on('data', this.#onData)
    message.on('end', this.#onEnd)
    message.on('error', this.#onError)
    message.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#message.pause()
  }

  readonly #onEnd = (): void => {
    this.push(null)
  }

  readonly #onError = (error: Error): void => {
    this.destroy(error)
  }

  override _read(): void {
    this.#message.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const message = this.#message
    message.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError)
    // What the upstream did not want is read and dropped, so that the browser can finish sending and read the answer.
    message.on('error', ignore)
    message.resume()
    callback(error)
  }
}

function ignore(): void {}
