// All that can be known of a rotation before anything is changed.
import type { ObservedRotation, Seen } from '../keycloak/observed.ts'
import type { Representation } from '../keycloak/realm-admin.ts'
import { observeRotation } from '../keycloak/rotation.ts'
import { seen } from '../keycloak/seen.ts'
import { comparePlaces } from './deliver.ts'
import type { DeliveryResult } from './delivery.ts'
import { overlapEnd, type RotationOptions, refusalOf, trialOf, valuesOf } from './rotation.ts'
import { refused } from './rotation-refusals.ts'
import { trySecret } from './try-secret.ts'

/** Rejects with `ERR_ROTATION_REFUSED`. */
export async function refuseUnlessReady(
  found: Representation,
  options: RotationOptions,
  leastOverlapSeconds: number | null,
): Promise<void> {
  refuseOtherLogin(found, options)
  refuseWhileOverlapping(found, options)
  await refuseBrokenSecret(found, options)
  if (leastOverlapSeconds !== null) await refuseShorterOverlap(leastOverlapSeconds, options)
  await refuseUndeliverable(found, options)
}

function refuseOtherLogin(
  { publicClient, clientAuthenticatorType }: Representation,
  { client }: RotationOptions,
): void {
  if (publicClient !== true && clientAuthenticatorType === 'client-secret') return
  const way = publicClient === true ? 'it is public' : `it logs in by ${String(clientAuthenticatorType)}`
  throw refused(client.clientId, 'no-secret-login', way, 'there is nothing to rotate')
}

/** Another new secret would end the older of the two, which consumers may still use. */
function refuseWhileOverlapping(found: Representation, { client }: RotationOptions): void {
  const until = overlapEnd(found)
  if (until === undefined) return
  const when = new Date(until * 1000).toISOString()
  const remedy = 'wait until then, or end the secret before it with --end-old'
  throw refused(client.clientId, 'overlap-running', `the one before it is valid until ${when}`, remedy, { until: when })
}

/** What does not work now could not be told from a new secret that does not work. */
async function refuseBrokenSecret(found: Representation, options: RotationOptions): Promise<void> {
  const refusal = refusalOf(await trySecret(trialOf(found, options)))
  if (refusal === undefined) return
  const remedy = 'enable the client, or find out with doorman doctor'
  throw refused(options.client.clientId, 'secret-does-not-work', refusal, remedy)
}

async function refuseShorterOverlap(least: number, { admin, owner, client }: RotationOptions): Promise<void> {
  const { overlapSeconds } = await observeRotation(admin, owner)
  if (overlapSeconds !== null && overlapSeconds >= least) return
  const has =
    overlapSeconds === null ? 'the realm has no policy of ours' : `the realm's policy says ${overlapSeconds} s`
  const because = `an overlap of ${least} s was asked for, and ${has}`
  const remedy = 'change the overlap in the file and run doorman apply, or leave out --overlap'
  throw refused(client.clientId, 'overlap-too-short', because, remedy)
}

async function refuseUndeliverable(found: Representation, options: RotationOptions): Promise<void> {
  const { client, places } = options
  const failures = failuresOf(await comparePlaces(places, valuesOf(found, options)))
  if (failures === undefined) return
  throw refused(
    client.clientId,
    'undeliverable',
    `a new one could not be delivered: ${failures}`,
    'put that right first',
  )
}

/** In words; undefined: there is none. */
export function failuresOf(results: readonly DeliveryResult[]): string | undefined {
  const failed = results.filter((result) => result.kind === 'failed')
  return failed.length === 0 ? undefined : failed.map(({ place, error }) => `${place}: ${error.message}`).join('; ')
}

/** For the explanation alone: policies are hidden from most credentials. */
export function lookForPolicy({ admin, owner }: RotationOptions): Promise<Seen<ObservedRotation>> {
  return seen(() => observeRotation(admin, owner))
}
