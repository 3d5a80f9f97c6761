// The two texts that Keycloak takes for a secret without a word, and that none of us must ever write.
import { ProvisionError } from '../errors.ts'
import type { ObservedSecret } from './observed.ts'

const MASK = '**********'

export function observeSecret(value: unknown): ObservedSecret {
  if (typeof value !== 'string') return { kind: 'none' }
  if (value === '') return { kind: 'empty' }
  return value === MASK ? { kind: 'masked' } : { kind: 'known', value }
}

/** Throws `ERR_SECRET_MASKED` for a value that is not a secret. */
export function checkSecret(value: unknown, what: string): void {
  const { kind } = observeSecret(value)
  if (kind !== 'masked' && kind !== 'empty') return
  throw new ProvisionError('ERR_SECRET_MASKED', `To ${what} would set a secret that is ${kind}`, { what, kind })
}

/** Throws `ERR_SECRET_MASKED` where Keycloak answers stars. */
export function readSecret(value: unknown, what: string): string | undefined {
  const secret = observeSecret(value)
  if (secret.kind === 'known') return secret.value
  if (secret.kind !== 'masked') return undefined
  const text = `The credential may not ${what}: Keycloak answers stars. It needs manage-clients`
  throw new ProvisionError('ERR_SECRET_MASKED', text, { what, lacks: 'manage-clients' })
}
