// An upgraded connection: bytes both ways, each side at the pace of the other, until one side hangs up, both fall
// silent, or somebody ends it. A WebSocket is ended between two frames, so that the browser is told why; of any other
// protocol we know no last word.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buildClose, buildMaskedClose, FrameFollower, PING } from './websocket-frames.ts'

export interface TunnelOptions {
  readonly browser: Socket
  readonly upstream: Duplex
  readonly isWebSocket: boolean
  /** Silence in both directions after which it ends. */
  readonly idleSeconds: number
  /** Told once, when neither connection is open any more. */
  readonly closed: (by: TunnelEnd) => void
}

/** Who hung up first, or why we did. */
export type TunnelEnd = 'browser' | 'upstream' | 'idle' | 'session' | 'gateway'

/** What the browser is told, where its protocol has words for it. */
export interface LastWord {
  readonly by: 'idle' | 'session' | 'gateway'
  readonly code: number
  /** 123 bytes at most. */
  readonly reason: string
}

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001
export const CLOSING: LastWord = { by: 'gateway', code: GOING_AWAY, reason: 'the gateway is closing' }
const SILENT: LastWord = { by: 'idle', code: GOING_AWAY, reason: 'silent for too long' }

/** For the rest of a frame, and again for the browser's answer to the last word. */
const PATIENCE_MILLISECONDS = 1000
/** A silence is asked into at each end of a part of it. */
const SILENCE_PARTS = 3

export class Tunnel {
  readonly #options: TunnelOptions
  /** By the browser and by the upstream; null where the protocol is not ours to read. */
  readonly #sent: FrameFollower | null
  readonly #received: FrameFollower | null
  readonly #partMs: number
  #timer: NodeJS.Timeout
  #lastMoveAt = performance.now()
  /** `ending`: the last word waits for the end of a frame. `ended`: nothing is passed on any more. */
  #phase: 'open' | 'ending' | 'ended' = 'open'
  #lastWord: LastWord | null = null
  /** Connections that are open. */
  #sides = 2
  #endedBy: TunnelEnd | null = null

  constructor(options: TunnelOptions) {
    const { browser, upstream, isWebSocket, idleSeconds } = options
    this.#options = options
    this.#sent = isWebSocket ? new FrameFollower() : null
    this.#received = isWebSocket ? new FrameFollower() : null
    this.#partMs = (idleSeconds * 1000) / SILENCE_PARTS
    this.#timer = setTimeout(checkTime, this.#partMs, this)
    // Who has said their last word may still listen.
    upstream.allowHalfOpen = true
    upstream.on('data', (piece: Buffer) => this.#passDown(piece))
    browser.on('data', (piece: Buffer) => this.#passUp(piece))
    this.#join('upstream', upstream, browser)
    this.#join('browser', browser, upstream)
  }

  /** What the browser sends from now on is not passed on. Of several last words the first one counts. */
  end(word: LastWord): void {
    if (this.#phase !== 'open') return
    this.#endedBy ??= word.by
    if (this.#sent === null || this.#received === null) {
      this.cut()
      return
    }
    this.#phase = 'ending'
    this.#lastWord = word
    this.#wait()
    const { browser, upstream } = this.#options
    if (this.#sent.isAtBoundary && !this.#sent.hasClosed) write(upstream, buildMaskedClose(GOING_AWAY))
    browser.resume()
    if (this.#received.isAtBoundary) this.#say(word, this.#received)
  }

  cut(): void {
    this.#phase = 'ended'
    this.#options.browser.destroy()
    this.#options.upstream.destroy()
  }

  /** The timer went off: a ping finds out whether the browser is still there, and keeps those between us awake. */
  checkTime(): void {
    const silentMs = performance.now() - this.#lastMoveAt
    if (silentMs >= this.#partMs * SILENCE_PARTS) {
      if (this.#endedBy === null) this.end(SILENT)
      else this.cut()
      return
    }
    const { browser } = this.#options
    const isSilent = silentMs >= this.#partMs && !browser.writableNeedDrain
    // The pong goes all the way to the upstream, as one that was not asked for (RFC 6455 section 5.5.3): taking it out
    // would mean to rewrite what the browser sends, and on its way it finds an upstream that is no longer there.
    if (isSilent && this.#received?.isAtBoundary && !this.#received.hasClosed) write(browser, PING)
    this.#timer = setTimeout(checkTime, Math.ceil(this.#partMs - (silentMs % this.#partMs)), this)
  }

  #join(name: 'browser' | 'upstream', from: Duplex, to: Duplex): void {
    from.on('error', ignore)
    to.on('drain', () => from.resume())
    from.on('end', () => {
      this.#endedBy ??= name
      if (this.#phase === 'open') to.end()
      // The frame whose end was waited for will not come.
      else if (this.#phase === 'ending') this.cut()
    })
    from.on('close', () => {
      this.#endedBy ??= name
      this.#sides -= 1
      if (this.#sides === 0) this.#finish(this.#endedBy)
      else this.#leaveAlone(name, from, to)
    })
    from.resume()
  }

  /** One side is gone: what it said last may still be on its way to the other one. */
  #leaveAlone(name: 'browser' | 'upstream', from: Duplex, to: Duplex): void {
    if (this.#phase === 'ended' && name === 'upstream') return
    if (this.#phase !== 'open' || !from.readableEnded) to.destroy()
    else if (!from.writableFinished) this.#wait()
  }

  #finish(by: TunnelEnd): void {
    clearTimeout(this.#timer)
    this.#options.closed(by)
  }

  #passUp(piece: Buffer): void {
    if (this.#phase !== 'open') return
    const { browser, upstream } = this.#options
    this.#lastMoveAt = performance.now()
    this.#sent?.follow(piece)
    pass(piece, browser, upstream)
  }

  #passDown(piece: Buffer): void {
    const { browser, upstream } = this.#options
    if (this.#phase === 'open') {
      this.#lastMoveAt = performance.now()
      this.#received?.follow(piece)
      pass(piece, upstream, browser)
    } else if (this.#lastWord !== null && this.#received !== null && this.#phase === 'ending') {
      pass(piece.subarray(0, this.#received.followToBoundary(piece)), upstream, browser)
      if (this.#received.isAtBoundary) this.#say(this.#lastWord, this.#received)
    }
  }

  #say({ code, reason }: LastWord, received: FrameFollower): void {
    const { browser, upstream } = this.#options
    this.#phase = 'ended'
    this.#wait()
    if (received.hasClosed) browser.end()
    else browser.end(buildClose(code, reason))
    upstream.end()
    upstream.resume()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(cut, PATIENCE_MILLISECONDS, this)
  }
}

function pass(piece: Buffer, from: Duplex, to: Duplex): void {
  if (to.writable && !to.write(piece)) from.pause()
}

function write(to: Duplex, frame: Buffer): void {
  if (to.writable) to.write(frame)
}

function checkTime(tunnel: Tunnel): void {
  tunnel.checkTime()
}

function cut(tunnel: Tunnel): void {
  tunnel.cut()
}

function ignore(): void {}
