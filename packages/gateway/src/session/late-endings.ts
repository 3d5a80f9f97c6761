// Sessions that have ended here while the store was out of reach. They are gone for this process at once; their records
// are deleted as soon as the store is back. Nothing of it outlives the process.

export interface LateEndings {
  has(key: string): boolean
  /** `finish` deletes the record, and is tried again while it rejects. False when there are too many already. */
  add(key: string, finish: () => Promise<unknown>): boolean
  /** Tries once more, for a process that stops. Never rejects. */
  close(): Promise<void>
}

const MAX_ENDINGS = 10_000
const RETRY_SECONDS = 1

export function createLateEndings(): LateEndings {
  const waiting = new Map<string, () => Promise<unknown>>()
  let timer: NodeJS.Timeout | undefined
  let trying: Promise<void> = Promise.resolve()

  /** One after the other: where one fails, the store is still away. */
  async function tryAll(): Promise<void> {
    try {
      for (const [key, finish] of waiting) {
        await finish()
        waiting.delete(key)
      }
    } catch {
      schedule()
    }
  }

  function schedule(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      trying = tryAll()
    }, RETRY_SECONDS * 1000).unref()
  }

  return {
    has: (key) => waiting.has(key),
    add(key, finish) {
      if (waiting.size >= MAX_ENDINGS) return false
      waiting.set(key, finish)
      schedule()
      return true
    },
    async close() {
      await trying
      clearTimeout(timer)
      await tryAll()
      clearTimeout(timer)
    },
  }
}
