// What a row's rounds say. Ratios are taken within a round, against the floor of that round, since the machine's other
// load changes from round to round.
import type { Memory } from './memory.ts'

export interface Round {
  readonly cpuMicros: number
  readonly p50: number
  readonly p99: number
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Row {
  readonly name: string
  /** Median, per request. */
  readonly cpuMicros: number
  /** Medians, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Median of the rounds' ratios to the floor's CPU time. */
  readonly ratio: number
  readonly cpuMicrosSpread: Spread
  readonly ratioSpread: Spread
  /** 10 s after 1,000 warm-up requests. */
  readonly residentMiB: number
  /** The same with shared pages counted in part; null where the system does not tell. */
  readonly proportionalMiB: number | null
}

const BYTES_PER_MIB = 1024 * 1024

export function summarize(name: string, rounds: readonly Round[], floor: readonly Round[], memory: Memory): Row {
  const cpuMicrosSpread = spread(rounds.map((round) => round.cpuMicros))
  const ratioSpread = spread(rounds.map((round, index) => round.cpuMicros / (floor[index]?.cpuMicros ?? Number.NaN)))
  return {
    name,
    cpuMicros: cpuMicrosSpread.median,
    p50: spread(rounds.map((round) => round.p50)).median,
    p99: spread(rounds.map((round) => round.p99)).median,
    ratio: ratioSpread.median,
    cpuMicrosSpread,
    ratioSpread,
    residentMiB: memory.residentBytes / BYTES_PER_MIB,
    proportionalMiB: memory.proportionalBytes === null ? null : memory.proportionalBytes / BYTES_PER_MIB,
  }
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
  return { median, min: sorted.at(0) ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** The least of the values that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
