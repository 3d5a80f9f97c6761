// Which secrets have become too old.
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { readState, readTimes } from './rotation-state.ts'

export interface DueRotation {
  readonly clientId: string
  /** `unfinished`: a rotation was begun and stopped. `unknown age`: Keycloak does not know when the secret was made. */
  readonly because: 'age' | 'unknown age' | 'unfinished'
}

/** Of the clients whose file says `rotate`. One that is not there yet is not due. */
export async function findDueRotations(
  admin: RealmAdmin,
  { clients }: WantedRealm,
  nowSeconds: number,
): Promise<readonly DueRotation[]> {
  const rotating = clients.filter(({ hasSecret, rotateSeconds }) => hasSecret && rotateSeconds !== null)
  if (rotating.length === 0) return []
  const found = new Map((await admin.clients.list()).map((client) => [String(client.clientId), client]))
  return rotating.flatMap(({ clientId, rotateSeconds }) => {
    const because = reasonOf(found.get(clientId), rotateSeconds ?? 0, nowSeconds)
    return because === undefined ? [] : [{ clientId, because }]
  })
}

function reasonOf(client: Representation | undefined, rotateSeconds: number, nowSeconds: number) {
  if (client === undefined) return undefined
  if (readState(client) !== undefined) return 'unfinished'
  const { createdAt } = readTimes(client)
  if (createdAt === undefined) return 'unknown age'
  return nowSeconds - createdAt >= rotateSeconds ? 'age' : undefined
}
