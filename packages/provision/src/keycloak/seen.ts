// What a credential may see, and what it may not: a refusal is an answer, too.
import { isProvisionError } from '../errors.ts'
import type { Seen } from './observed.ts'

/** `hidden` for `ERR_ADMIN_FORBIDDEN`; rejects with everything else. */
export async function seen<Value>(read: () => Promise<Value>): Promise<Seen<Value>> {
  try {
    return { kind: 'seen', value: await read() }
  } catch (error) {
    if (!isProvisionError(error, 'ERR_ADMIN_FORBIDDEN')) throw error
    return { kind: 'hidden', lacks: String(error.detail.lacks) }
  }
}
