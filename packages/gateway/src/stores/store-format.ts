// Versions of Doorman that share one store during an update: neighbours may, others may not.
import { GatewayError } from '../kernel/errors.ts'

/** Throws `ERR_STORE_REFUSED` for a format more than one away from `known`, or one that needs a newer reader. */
export function refuseForeignFormat([format = 0, reader = 0]: readonly number[], known: number): void {
  if (format > known + 1 || reader > known) {
    const remedy = 'run the version of Doorman that wrote the store, or a newer one'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'newer-schema', version: format, known, remedy })
  }
  if (format < known - 1) {
    const remedy = 'run the versions of Doorman in between, one after the other, or empty the store'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'older-schema', version: format, known, remedy })
  }
}
