// Ctrl-C in the middle of writing: nothing new is begun, and what has to be given back is given back.
import { CommandError } from '../failure.ts'

/** Rejects with `CommandError` when a signal ended the work early; a second signal ends the process at once. */
export async function withInterrupt<Outcome>(work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  try {
    return await work(interruption.signal)
  } catch (error) {
    if (error !== interruption.signal.reason) throw error
    throw new CommandError('interrupted; the next doorman apply goes on from here')
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt)
  }
}
