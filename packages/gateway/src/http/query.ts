// The query of our own endpoints, where every parameter is known and stands once.
import { GatewayError } from '../kernel/errors.ts'

export type Query = ReadonlyMap<string, string>

/** Throws `ERR_REQUEST_MALFORMED` for a parameter given twice: readers differ in which one they take. */
export function parseQuery(search: string): Query {
  const query = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(search)) {
    if (query.has(name)) throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'duplicate-parameter' })
    query.set(name, value)
  }
  return query
}

/** Throws `ERR_REQUEST_MALFORMED` for a parameter that is not listed. */
export function refuseOthers(query: Query, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'unknown-parameter' })
  }
}
