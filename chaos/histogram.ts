// Durations in bounded memory: percentiles are right within five per cent.
const FIRST_MILLISECONDS = 0.1
const GROWTH = 1.05

export interface Histogram {
  add(milliseconds: number): void
  /** Milliseconds; 0 when nothing was added. */
  percentile(part: number): number
  max(): number
  count(): number
}

export function createHistogram(): Histogram {
  const buckets: number[] = []
  let count = 0
  let max = 0
  return {
    add(milliseconds) {
      const index = Math.max(0, Math.ceil(Math.log(milliseconds / FIRST_MILLISECONDS) / Math.log(GROWTH)))
      buckets[index] = (buckets[index] ?? 0) + 1
      count += 1
      max = Math.max(max, milliseconds)
    },
    percentile(part) {
      let rest = count * part
      for (const [index, size = 0] of buckets.entries()) {
        rest -= size
        if (rest <= 0 && size > 0) return Math.min(max, FIRST_MILLISECONDS * GROWTH ** index)
      }
      return max
    },
    max: () => max,
    count: () => count,
  }
}
