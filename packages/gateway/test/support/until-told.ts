// Waiting for what events lead to, without sleeping.
import type { Events } from '../../src/kernel/events.ts'

const DEADLINE_MILLISECONDS = 10_000

/** Looks at the condition after each event. Fails after ten seconds. */
export async function untilTold(events: Events, condition: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS)
  while (!condition()) {
    deadline.throwIfAborted()
    await nextEvent(events, deadline)
  }
}

/** Resolves after the next event and what it leads to. */
function nextEvent(events: Events, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // A timer of its own: those of the code under test do not keep the process alive.
    const timer = setInterval(() => deadline.aborted && settle(() => reject(deadline.reason)), 500)
    const unsubscribe = events.subscribe(() => settle(() => setImmediate(resolve)))
    function settle(then: () => void): void {
      clearInterval(timer)
      unsubscribe()
      then()
    }
  })
}
