// The one place where what a database throws becomes an error of ours. SQLite's messages name tables and columns, never
// values, so that the cause may go to the log.
import { GatewayError, isGatewayError } from '../kernel/errors.ts'

// https://www.sqlite.org/rescode.html
const REASONS: ReadonlyMap<number, string> = new Map([
  [5, 'busy'],
  [6, 'busy'],
  [8, 'read-only'],
  [10, 'input-output'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'cannot-open'],
  [26, 'corrupt'],
])

export function storeError(cause: unknown): GatewayError {
  if (isGatewayError(cause)) return cause
  return new GatewayError('ERR_STORE_UNAVAILABLE', { reason: storeFailure(cause) }, cause)
}

/** Why a database or its file failed, in a word. */
export function storeFailure(cause: unknown): string {
  const { code, errcode } = (cause ?? {}) as { readonly code?: unknown; readonly errcode?: unknown }
  // The low byte of an extended result code is the code it extends.
  if (typeof errcode === 'number') return REASONS.get(errcode & 0xff) ?? 'failed'
  return code === 'ERR_INVALID_STATE' ? 'closed' : 'failed'
}
