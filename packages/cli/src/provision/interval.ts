import { InvalidArgumentError } from 'commander'

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** Seconds of an option's value; throws what commander tells. */
export function parseInterval(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([smh])$/.exec(text) ?? []
  const seconds = Number(count ?? 0) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds < 1 || seconds > 24 * 3600)
    throw new InvalidArgumentError('expected a duration from 1s to 24h, such as 5m.')
  return seconds
}
