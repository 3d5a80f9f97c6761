// Lets sessions begin their rounds one by one, so that a block of rounds lasts as long as the fault that belongs to it.
import type { Random } from './random.ts'

export interface Pace {
  /** Resolves when it is this session's turn; who waits is chosen by chance. */
  take(): Promise<void>
  setRate(roundsPerSecond: number): void
  /** Nobody waits any more. */
  stop(): void
}

export function createPace(random: Random): Pace {
  const waiting: (() => void)[] = []
  let pauseMilliseconds = 100
  let isStopped = false
  let timer: NodeJS.Timeout | undefined

  function admitOne(): void {
    const [next] = waiting.splice(random.below(waiting.length), 1)
    next?.()
    schedule()
  }

  function schedule(): void {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(admitOne, pauseMilliseconds)
  }

  schedule()
  return {
    take: () =>
      isStopped
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
    setRate(roundsPerSecond) {
      pauseMilliseconds = 1000 / roundsPerSecond
      schedule()
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      for (const next of waiting.splice(0)) next()
    },
  }
}
