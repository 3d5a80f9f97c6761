// Where WebSocket frames begin and end (RFC 6455 section 5.2), and the few we write ourselves. Looks at the lengths in
// front of frames and at nothing inside: what two sides say to each other is theirs.
import { createHash, randomBytes } from 'node:crypto'

const FINAL = 0x80
const OPCODE = 0x0f
const CLOSE = 0x8
const MASKED = 0x80
const MASK_BYTES = 4
/** A length of 7 bits that says: the next two bytes, or eight, hold it. */
const LENGTH_IN_TWO = 126
const LENGTH_IN_EIGHT = 127
/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A ping of a server, with nothing in it. */
export const PING = Buffer.from([FINAL | 0x9, 0])

/** Follows one direction of a connection, whatever pieces its bytes come in. */
export class FrameFollower {
  /** Bytes seen of the header of a frame. */
  #headerSeen = 0
  #headerBytes = 2
  #opcode = 0
  #lengthEnd = 2
  #length = 0
  #remaining = 0
  #hasClosed = false

  /** Between two frames: a control frame may stand here, within a message, too (section 5.4). */
  get isAtBoundary(): boolean {
    return this.#headerSeen === 0 && this.#remaining === 0
  }

  /** This side has said that it closes: no frame may follow (section 5.5.1). */
  get hasClosed(): boolean {
    return this.#hasClosed
  }

  follow(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) at = this.#step(piece, at)
  }

  /** Stops at the first boundary, and returns how many bytes lie before it: none where it is at one. */
  followToBoundary(piece: Buffer): number {
    let at = 0
    while (at < piece.length && !this.isAtBoundary) at = this.#step(piece, at)
    return at
  }

  #step(piece: Buffer, at: number): number {
    if (this.#remaining === 0) {
      this.#readHeader(piece[at] ?? 0)
      return at + 1
    }
    const taken = Math.min(this.#remaining, piece.length - at)
    this.#remaining -= taken
    return at + taken
  }

  #readHeader(byte: number): void {
    const at = this.#headerSeen
    this.#headerSeen += 1
    if (at === 0) this.#opcode = byte & OPCODE
    else if (at === 1) this.#readShortLength(byte)
    else if (at < this.#lengthEnd) this.#length = this.#length * 256 + byte
    if (this.#headerSeen < this.#headerBytes) return
    if (this.#opcode === CLOSE) this.#hasClosed = true
    this.#remaining = this.#length
    this.#headerSeen = 0
    this.#headerBytes = 2
  }

  #readShortLength(byte: number): void {
    const short = byte & ~MASKED
    this.#length = short < LENGTH_IN_TWO ? short : 0
    this.#lengthEnd = 2 + longLengthBytes(short)
    this.#headerBytes = this.#lengthEnd + ((byte & MASKED) === 0 ? 0 : MASK_BYTES)
  }
}

function longLengthBytes(short: number): number {
  if (short === LENGTH_IN_TWO) return 2
  return short === LENGTH_IN_EIGHT ? 8 : 0
}

/** As a server sends it. `reason`: 123 bytes at most. */
export function buildClose(code: number, reason: string): Buffer {
  const body = closeBody(code, reason)
  return Buffer.concat([Buffer.from([FINAL | CLOSE, body.length]), body])
}

/** As a client sends it (section 5.3). */
export function buildMaskedClose(code: number): Buffer {
  const mask = randomBytes(MASK_BYTES)
  const body = closeBody(code, '').map((byte, at) => byte ^ (mask[at] ?? 0))
  return Buffer.concat([Buffer.from([FINAL | CLOSE, MASKED | body.length]), mask, body])
}

function closeBody(code: number, reason: string): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])
}

/** What a server that has understood the handshake answers to a `Sec-WebSocket-Key` (section 4.2.2). */
export function webSocketAccept(key: string): string {
  return createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64')
}
