// Removes from a store what has expired. In small pieces, because each one holds the store; but never fewer than come in:
// anybody can make claims by starting logins, and what a round leaves behind would pile up.
import { setTimeout as pause } from 'node:timers/promises'
import type { Events } from '../kernel/events.ts'
import type { SessionStore } from '../session/session-store.ts'

export interface SweepOptions {
  readonly everySeconds: number
  /** Records of each kind in one piece. */
  readonly pieceRecords: number
  /** Between two pieces of a round, for those who ask the store meanwhile. */
  readonly pauseSeconds: number
  readonly events: Events
}

/** Returns the function that ends the sweeping and waits for the piece in work. */
export function sweepRegularly(store: Pick<SessionStore, 'sweep'>, options: SweepOptions): () => Promise<void> {
  let hasEnded = false
  let isFailing = false
  let round: Promise<void> = Promise.resolve()
  let timer = startTimer()

  async function sweepAll(): Promise<void> {
    while (!hasEnded && (await store.sweep(options.pieceRecords)) >= options.pieceRecords) {
      await pause(options.pauseSeconds * 1000)
    }
  }

  async function runRound(): Promise<void> {
    try {
      await sweepAll()
      isFailing = false
    } catch (cause) {
      if (!isFailing) options.events.emit({ kind: 'store.failed', operation: 'sweep', cause })
      isFailing = true
    }
    if (!hasEnded) timer = startTimer()
  }

  function startTimer(): NodeJS.Timeout {
    const begin = () => {
      round = runRound()
    }
    return setTimeout(begin, options.everySeconds * 1000).unref()
  }

  return async () => {
    hasEnded = true
    clearTimeout(timer)
    await round
  }
}
