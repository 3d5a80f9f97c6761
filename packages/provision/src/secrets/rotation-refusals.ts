// Why a secret is not rotated, or not to its end, and what can be done about it.
import { ProvisionError } from '../errors.ts'
import type { ObservedRotation, Seen } from '../keycloak/observed.ts'

export type RotationRefusal =
  | 'nothing-to-resume'
  | 'unfinished'
  | 'no-secret-login'
  | 'secret-does-not-work'
  | 'undeliverable'
  | 'overlap-running'
  | 'overlap-too-short'
  | 'no-overlap'
  | 'not-everywhere'

/** Nothing has changed. */
export function refused(
  clientId: string,
  reason: RotationRefusal,
  because: string,
  remedy: string,
  facts: Readonly<Record<string, unknown>> = {},
): ProvisionError {
  const detail = { reason, clientId, ...facts, remedy }
  return new ProvisionError('ERR_ROTATION_REFUSED', `The secret of ${clientId} stays: ${because}`, detail)
}

export function unfinished(clientId: string, because: string): ProvisionError {
  const text = `${clientId} has a new secret, but ${because}`
  const remedy = 'put that right and run it again: it goes on from here and makes no other secret'
  return new ProvisionError('ERR_ROTATION_UNFINISHED', text, { clientId, remedy })
}

/** Keycloak would end the old secret at once. */
export function noOverlap(clientId: string, rotation: Seen<ObservedRotation>): ProvisionError {
  const { because, remedy } = explain(rotation)
  const choices = [
    remedy,
    'or add --accept-gap: the new secret is delivered and its readers are restarted at once, and what they ask in between fails',
    'or add a second client to the file, move the consumer to it, and remove the first: no gap, another client id',
  ]
  const text = `Keycloak would end the old one at once, because ${because}`
  return refused(clientId, 'no-overlap', text, choices.join('; '))
}

function explain(rotation: Seen<ObservedRotation>): { readonly because: string; readonly remedy: string } {
  if (rotation.kind === 'hidden') {
    const because = `no policy covers this client, and the credential cannot look for one: it lacks ${rotation.lacks}`
    return { because, remedy: `give the credential ${rotation.lacks} to see more` }
  }
  if (!rotation.value.isSupported) {
    const because = 'this server has no secret rotation'
    return { because, remedy: 'start Keycloak with --features=client-secret-rotation (before 26.8 it is a preview)' }
  }
  if (rotation.value.overlapSeconds === null) {
    const because = 'the realm has no rotation policy of ours'
    return { because, remedy: 'say rotate: 30d for the client in the file and run doorman apply' }
  }
  const because = 'the rotation policy of the realm does not cover this client'
  return { because, remedy: 'run doorman apply, which marks the client as ours' }
}
