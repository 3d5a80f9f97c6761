// Chance that can be repeated: the same seed and name give the same numbers.
import { createHash } from 'node:crypto'

export interface Random {
  /** At least 0, less than 1. */
  next(): number
  /** A whole number, at least 0, less than `limit`. */
  below(limit: number): number
  between(least: number, most: number): number
  /** Throws a `TypeError` for an empty list. */
  pick<T>(choices: readonly T[]): T
  shuffle<T>(values: readonly T[]): readonly T[]
}

/** `name` says what is drawn, so that one thing more that is drawn does not change all others. */
export function createRandom(seed: number, name: string): Random {
  let state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0)

  // Mulberry32.
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const random: Random = {
    next,
    below: (limit) => Math.floor(next() * limit),
    between: (least, most) => least + next() * (most - least),
    pick(choices) {
      const choice = choices[random.below(choices.length)]
      if (choice === undefined) throw new TypeError('nothing to choose from')
      return choice
    },
    shuffle: (values) =>
      values
        .map((value) => ({ value, rank: next() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ value }) => value),
  }
  return random
}
