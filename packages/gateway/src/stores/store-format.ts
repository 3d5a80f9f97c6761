// Versions of Doorman that share one store during an update: neighbours may, others may not.
import { GatewayError } from '../kernel/errors.ts'

/** Throws `ERR_STORE_REFUSED` for a format that is more than one ahead of `known`, or that needs a newer reader. */
export function refuseForeignFormat([format = 0, reader = 0]: readonly number[], known: number): void {
  if (format <= known + 1 && reader <= known) return
  const remedy = 'run the version of Doorman that wrote the store, or a newer one'
  throw new GatewayError('ERR_STORE_REFUSED', { reason: 'newer-schema', version: format, known, remedy })
}
