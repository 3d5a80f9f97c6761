// Ctrl-C in the middle of writing: nothing new is begun, and what has to be given back is given back.
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Rejects with `CommandError` when a signal ended the work early; a second signal ends the process at once. */
export async function withInterrupt<Outcome>(
  work: (signal: AbortSignal) => Promise<Outcome>,
  terminal: Terminal,
): Promise<Outcome> {
  const interruption = new AbortController()
  const interrupt = (signal: NodeJS.Signals) => {
    stopListening()
    terminal.tell(`${signal}: finishing what has begun`)
    interruption.abort()
  }
  const stopListening = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    return await work(interruption.signal)
  } catch (error) {
    if (!interruption.signal.aborted || error !== interruption.signal.reason) throw error
    throw new CommandError('interrupted; the next doorman apply goes on from here')
  } finally {
    stopListening()
  }
}
