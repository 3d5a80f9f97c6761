// What Redis and its library throw, as errors of ours. Neither a message nor a cause may get out: they can name
// addresses and users.
import { GatewayError, isGatewayError, systemCode } from '../kernel/errors.ts'

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['WRONGPASS', 'user or password are wrong'],
  ['NOAUTH', 'it asks for a password'],
  ['NOPERM', 'the user may not do what sessions need'],
])

/** Over in a moment: a failover, or a cluster that moves slots. */
const PASSING = ['READONLY', 'LOADING', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'UNBLOCKED']

function word(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? '') : ''
}

export function isPassing(error: unknown): boolean {
  return PASSING.includes(word(error))
}

export function isUnknownScript(error: unknown): boolean {
  return word(error) === 'NOSCRIPT'
}

/** Why the server will never let us work; null where it may yet. */
export function refusalOf(error: unknown): string | null {
  return REFUSED.get(word(error)) ?? null
}

export function redisError(error: unknown): GatewayError {
  if (isGatewayError(error)) return error
  const reason = word(error) === 'OOM' ? 'full' : (systemCode(error) ?? (word(error) || 'connection'))
  return new GatewayError('ERR_STORE_UNAVAILABLE', { reason })
}
