// What PostgreSQL and its library throw, as errors of ours. Neither a message nor a cause may get out: they can name
// addresses, users and the values of a statement.
import { GatewayError, isGatewayError, systemCode } from '../kernel/errors.ts'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const REASONS: ReadonlyMap<string, string> = new Map([
  ['25006', 'read-only'],
  ['3F000', 'no-schema'],
  ['42501', 'rights'],
  ['42703', 'no-column'],
  ['42P01', 'no-table'],
  ['53100', 'full'],
  ['53300', 'too-many-connections'],
  ['55P03', 'locked'],
  ['57014', 'timeout'],
])

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['28000', 'the server does not let this user in: user, database or TLS are not as it wants them'],
  ['28P01', 'user or password are wrong'],
  ['3D000', 'there is no such database'],
])

/** Connections that are lost, a server that starts or stops, a failover, somebody else's transaction in the way. */
const PASSING = /^(?:08|25006|40001|40P01|53300|57P0[123])/

const SQLSTATE = /^[0-9A-Z]{5}$/

/** Of the server's own answers; undefined when there was none. */
export function sqlState(error: unknown): string | undefined {
  const code = systemCode(error)
  // Node's own codes of this length, such as EPIPE, have no digit.
  return code !== undefined && SQLSTATE.test(code) && /\d/.test(code) ? code : undefined
}

/** The server did not answer, or only that it cannot do so now. */
export function isPassing(error: unknown): boolean {
  if (isGatewayError(error)) return false
  const state = sqlState(error)
  return state === undefined || PASSING.test(state)
}

/** Why the server will never let us work; null where it may yet. */
export function refusalOf(error: unknown): string | null {
  return REFUSALS.get(sqlState(error) ?? '') ?? null
}

export function postgresError(error: unknown): GatewayError {
  if (isGatewayError(error)) return error
  const state = sqlState(error)
  if (state === undefined) return unavailable(systemCode(error)?.toLowerCase() ?? 'connection')
  const reason = REASONS.get(state) ?? (PASSING.test(state) ? 'connection' : 'failed')
  return new GatewayError('ERR_STORE_UNAVAILABLE', { reason, sqlState: state })
}

export function unavailable(reason: string): GatewayError {
  return new GatewayError('ERR_STORE_UNAVAILABLE', { reason })
}
