// Ends an overlap before its time, once nothing can need it any more.
import { findClient, findObstacle, overlapEnd, type RotationOptions, withRotationLock } from './rotation.ts'
import { refused } from './rotation-refusals.ts'
import { readState } from './rotation-state.ts'

/**
 * Ends the secret before the present one. False: there is none. Rejects with `ERR_ROTATION_REFUSED` while the present one
 * is not in every place, or does not work. Whether pods have been replaced already is not looked at.
 */
export function endOldSecret(options: RotationOptions): Promise<boolean> {
  return withRotationLock(options, async () => {
    const { admin, client } = options
    const found = await findClient(options)
    if (readState(found) !== undefined) {
      throw refused(client.clientId, 'unfinished', 'its rotation is not finished', 'run doorman secret rotate again')
    }
    if (overlapEnd(found) === undefined) return false
    const obstacle = await findObstacle(found, options)
    if (obstacle !== undefined) {
      throw refused(client.clientId, 'not-everywhere', obstacle, 'run doorman secret deliver first')
    }
    await admin.clients.invalidateRotatedSecret(String(found.id))
    return true
  })
}
