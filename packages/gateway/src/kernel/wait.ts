// Waiting by the clock on the wall: for pauses and limits, never for what a store's clock decides.
import { setTimeout as pause } from 'node:timers/promises'

export function wait(seconds: number): Promise<void> {
  return pause(seconds * 1000)
}

/** For a limit that nobody waits out once the work is done: it does not keep a stopping process alive. */
export function waitLoosely(seconds: number): Promise<void> {
  return pause(seconds * 1000, undefined, { ref: false })
}

/** The result, or undefined when it takes longer; the work itself goes on. */
export async function within<T>(work: Promise<T>, seconds: number): Promise<T | undefined> {
  const limit = new AbortController()
  try {
    return await Promise.race([work, pause(seconds * 1000, undefined, { signal: limit.signal })])
  } finally {
    limit.abort()
  }
}
