// What rotating a secret needs to know and may use, and the looks at the client that its steps share.
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import type { Report } from '../report.ts'
import type { WantedClient } from '../wanted/wanted.ts'
import { clientValues, requireClient, requireSecret } from './client-values.ts'
import { comparePlaces } from './deliver.ts'
import type { DeliveryResult, Place } from './delivery.ts'
import { readTimes } from './rotation-state.ts'
import { type SecretStanding, type SecretTrial, trySecret } from './try-secret.ts'
import type { SecretValues } from './values.ts'

export interface RotationOptions {
  readonly admin: RealmAdmin
  readonly client: WantedClient
  readonly issuer: string
  /** Where we reach Keycloak, to try secrets. */
  readonly adminUrl: string
  /** Where consumers reach Keycloak. */
  readonly internalUrl: string
  /** Everything that has the secret: `placesOf` the client's deliveries, and `identityProviderPlaces`. */
  readonly places: readonly Place[]
  /** `Wanted.owner`. */
  readonly owner: string
  /** One rotation or apply at a time in a realm: `acquireApplyLock`. */
  readonly acquireLock: () => Promise<RotationLock>
  readonly report: Report
}

export interface RotationLock {
  keep(): Promise<void>
  release(): Promise<void>
}

/** Rejects with `ERR_CLIENT_UNKNOWN`, and with `ERR_SECRET_MASKED` where its secret cannot be read. */
export async function findClient({ admin, client: { clientId } }: RotationOptions): Promise<Representation> {
  const found = requireClient(await admin.clients.find(clientId), clientId)
  requireSecret(found, clientId)
  return found
}

export function valuesOf(found: Representation, { client, issuer, internalUrl }: RotationOptions): SecretValues {
  return clientValues(found, client, { issuer, internalUrl })
}

export function trialOf(found: Representation, { client, issuer, adminUrl }: RotationOptions): SecretTrial {
  const { clientId } = client
  const clientSecret = requireSecret(found, clientId)
  return { adminUrl, issuer, clientId, clientSecret, hasServiceAccount: found.serviceAccountsEnabled === true }
}

/** What keeps the client's present secret from being everywhere and working; undefined: nothing. */
export async function findObstacle(found: Representation, options: RotationOptions): Promise<string | undefined> {
  const results = await comparePlaces(options.places, valuesOf(found, options))
  const stale = results.filter((result) => result.kind === 'failed' || !isSettled(result))
  if (stale.length > 0) return `it is not in ${stale.map(({ place }) => place).join(', ')}`
  return refusalOf(await trySecret(trialOf(found, options)))
}

function isSettled({ outcome }: Extract<DeliveryResult, { kind: 'delivered' }>): boolean {
  return outcome === 'unchanged' || outcome === 'ran'
}

export function refusalOf(standing: SecretStanding): string | undefined {
  return standing.kind === 'works' ? undefined : `Keycloak does not take it: ${standing.said}`
}

/** Until when the secret before is taken; undefined: it is not. */
export function overlapEnd(found: Representation): number | undefined {
  const { oldUntil } = readTimes(found)
  return oldUntil !== undefined && oldUntil > nowSeconds() ? oldUntil : undefined
}

export async function withRotationLock<Answer>(
  { acquireLock }: RotationOptions,
  work: (lock: RotationLock) => Promise<Answer>,
): Promise<Answer> {
  const lock = await acquireLock()
  let answer: Answer
  try {
    answer = await work(lock)
  } catch (error) {
    // What went wrong first is what there is to tell.
    await lock.release().catch(() => undefined)
    throw error
  }
  await lock.release()
  return answer
}

export function nowSeconds(): number {
  return Date.now() / 1000
}
