// What Redis and its library throw, as errors of ours. Neither a message nor a cause may get out: they can name
// addresses and users.
import { GatewayError, isGatewayError, systemCode } from '../kernel/errors.ts'

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['WRONGPASS', 'user or password are wrong'],
  ['NOAUTH', 'it asks for a password'],
  ['NOPERM', 'the user may not do what sessions need'],
])

/** Over in a moment: a failover, or a cluster that moves slots. */
const PASSING = new Set([
  'READONLY',
  'LOADING',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'MOVED',
  'ASK',
  'TRYAGAIN',
  'UNBLOCKED',
  'BUSY',
  'NOREPLICAS',
])

/** The server's answers begin with a word in capitals, which is a code of Redis; errors of the library do not. */
function codeOf(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]{2,})\b/.exec(error.message)?.[1] ?? '') : ''
}

/** The server did not answer, or only that it cannot do so now. */
export function isPassing(error: unknown): boolean {
  return !isGatewayError(error) && (codeOf(error) === '' || PASSING.has(codeOf(error)))
}

export function isUnknownScript(error: unknown): boolean {
  return codeOf(error) === 'NOSCRIPT'
}

/** Why the server will never let us work; null where it may yet. */
export function refusalOf(error: unknown): string | null {
  return REFUSED.get(codeOf(error)) ?? null
}

export function redisError(error: unknown): GatewayError {
  if (isGatewayError(error)) return error
  return unavailable(codeOf(error) === 'OOM' ? 'full' : systemCode(error) || codeOf(error) || 'connection')
}

export function unavailable(reason: string): GatewayError {
  return new GatewayError('ERR_STORE_UNAVAILABLE', { reason: reason.toLowerCase() })
}
