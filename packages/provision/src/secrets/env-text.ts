// The text of an `.env` file, in the one form that its readers agree on. They do not agree on escapes: a value that would
// need one is refused.
import { ProvisionError } from '../errors.ts'
import { ENVIRONMENT_NAME } from '../wanted/delivery-contradictions.ts'
import type { KeyedValues } from './values.ts'

/** Means itself to dotenv, Node, Compose, systemd, a shell and `docker run --env-file`, without quotes. */
const BARE = /^[A-Za-z0-9_.,:/@%+=-]*$/
/** Means itself between single quotes, to all of them but `docker run --env-file`, which keeps the quotes. */
const QUOTABLE = /^[^'\\\p{Cc}\u2028\u2029]*$/u

/** Throws `ERR_DELIVERY_FAILED` naming the key, never the value. */
export function formatEnv(values: KeyedValues): string {
  return Object.entries(values)
    .map(([name, value]) => `${checkName(name)}=${quote(name, value)}\n`)
    .join('')
}

/** Keys that `docker run --env-file` would read with their quotes. */
export function quotedKeys(values: KeyedValues): readonly string[] {
  return Object.keys(values).filter((name) => !BARE.test(values[name] ?? ''))
}

/** Reads what `formatEnv` has written; other lines are passed over. */
export function parseEnv(text: string): KeyedValues {
  const lines = text.split('\n').map((line) => /^([A-Za-z_][A-Za-z0-9_]*)=(?:'([^']*)'|([^']*))$/.exec(line))
  const entries = lines.flatMap((match) => (match?.[1] === undefined ? [] : [[match[1], match[2] ?? match[3] ?? '']]))
  return Object.fromEntries(entries)
}

function checkName(name: string): string {
  if (ENVIRONMENT_NAME.test(name)) return name
  throw unwritable(name, 'is no name of an environment variable: letters, digits and _ alone')
}

function quote(name: string, value: string): string {
  if (BARE.test(value)) return value
  if (QUOTABLE.test(value)) return `'${value}'`
  throw unwritable(name, "has a value with a quote, a backslash or a line break, which readers of .env don't agree on")
}

function unwritable(key: string, because: string): ProvisionError {
  return new ProvisionError('ERR_DELIVERY_FAILED', `${key} ${because}`, { reason: 'env', key })
}
