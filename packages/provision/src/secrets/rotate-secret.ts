// A new secret for one client, without an outage: the old one stays valid until every consumer has the new one. Each step
// finds out what the steps before it have done, so that a run that was stopped anywhere is gone on with by the next one.
import type { Representation } from '../keycloak/realm-admin.ts'
import type { Report } from '../report.ts'
import { requireSecret } from './client-values.ts'
import { deliverTo } from './deliver.ts'
import type { DeliveryResult } from './delivery.ts'
import {
  findClient,
  findObstacle,
  nowSeconds,
  overlapEnd,
  type RotationLock,
  type RotationOptions,
  trialOf,
  valuesOf,
  withRotationLock,
} from './rotation.ts'
import { failuresOf, lookForPolicy, refuseUnlessReady } from './rotation-readiness.ts'
import { noOverlap, refused, unfinished } from './rotation-refusals.ts'
import { beginState, isStateOf, type RotationState, readState, readTimes, withState } from './rotation-state.ts'
import { waitForSecret } from './try-secret.ts'

export interface RotationChoices {
  /** Refuse an overlap shorter than that; null: as long as the policy of the realm says. */
  readonly leastOverlapSeconds: number | null
  /** Rotate also where the old secret ends at once. */
  readonly acceptsGap: boolean
  /** Only go on with a rotation that was begun. */
  readonly resumesOnly: boolean
}

export interface RotationSummary {
  readonly clientId: string
  /** `overlap`: the old secret was valid all the time; `gap`: it ended when the new one was made. */
  readonly way: 'overlap' | 'gap'
  /** A run before this one had begun it. */
  readonly isResumed: boolean
  /** Epoch seconds at which the old secret ends by itself; null where it has ended. */
  readonly oldUntil: number | null
  /** For how long at most the new secret alone was valid and not yet delivered; null with an overlap. */
  readonly gapSeconds: number | null
  readonly deliveries: readonly DeliveryResult[]
}

const STEPS = 5

/**
 * Makes the new secret, tries it, delivers it, replaces what reads it, and looks at all of it once more. Rejects with
 * `ERR_ROTATION_REFUSED` while the secret is still the old one (`detail.reason`), with `ERR_ROTATION_UNFINISHED` when the
 * new one is not everywhere: running it again goes on; with `ERR_SECRET_MASKED`, `ERR_CLIENT_UNKNOWN`, as the lock
 * (`ERR_APPLY_RUNNING`) and as the admin interface does.
 */
export function rotateSecret(options: RotationOptions, choices: RotationChoices): Promise<RotationSummary> {
  return withRotationLock(options, (lock) => rotate(options, choices, lock))
}

async function rotate(options: RotationOptions, choices: RotationChoices, lock: RotationLock) {
  const { state, fresh, isResumed } = await beginOrResume(options, choices)
  step(options.report, 1, isResumed ? 'going on with what was begun' : 'ready')
  const made = await makeSecret({ fresh, state, isResumed }, options, choices, lock)
  step(
    options.report,
    2,
    made.way === 'overlap' ? 'a new secret beside the old one' : 'a new secret, the old one ended',
  )
  await useSecret(made.client, options)
  await lock.keep()
  const deliveries = await deliverEverywhere(made.client, options)
  const gapSeconds = made.way === 'gap' ? Math.ceil(nowSeconds() - made.at) : null
  await lock.keep()
  await finish(made.client, options)
  const summary: RotationSummary = {
    clientId: options.client.clientId,
    way: made.way,
    isResumed,
    oldUntil: overlapEnd(made.client) ?? null,
    gapSeconds,
    deliveries,
  }
  return summary
}

interface Begun {
  readonly state: RotationState
  readonly fresh: Representation
  readonly isResumed: boolean
}

async function beginOrResume(options: RotationOptions, choices: RotationChoices): Promise<Begun> {
  const { admin, client } = options
  const found = await findClient(options)
  const begun = readState(found)
  if (begun !== undefined) return { state: begun, fresh: await renew(found, begun, options), isResumed: true }
  if (choices.resumesOnly) {
    throw refused(client.clientId, 'nothing-to-resume', 'no rotation was begun', 'leave out --resume to begin one')
  }
  await refuseUnlessReady(found, options, choices.leastOverlapSeconds)
  const state = beginState(requireSecret(found, client.clientId), nowSeconds())
  // Before the new secret is made: otherwise a lost answer could not be told from a lost request.
  await admin.clients.update(String(found.id), withState(found, state))
  return { state, fresh: await findClient(options), isResumed: false }
}

/** The policy may have gone since: only a write takes away the end of the secret, by which `makeSecret` knows of it. */
async function renew(found: Representation, begun: RotationState, options: RotationOptions): Promise<Representation> {
  if (!isStateOf(begun, requireSecret(found, options.client.clientId))) return found
  await options.admin.clients.update(String(found.id), withState(found, begun))
  return findClient(options)
}

interface Made {
  readonly client: Representation
  readonly way: RotationSummary['way']
  /** Not later than the end of the old secret. */
  readonly at: number
}

async function makeSecret(
  { fresh, state }: Begun,
  options: RotationOptions,
  { acceptsGap }: RotationChoices,
  lock: RotationLock,
): Promise<Made> {
  const { admin, client } = options
  const isMade = !isStateOf(state, requireSecret(fresh, client.clientId))
  if (isMade) return { client: fresh, way: wayOf(fresh), at: state.startedAt }
  // A policy that covers the client has given its secret an end when the state was written.
  if (readTimes(fresh).expiresAt === undefined && !acceptsGap) {
    await admin.clients.update(String(fresh.id), withState(fresh, undefined))
    throw noOverlap(client.clientId, await lookForPolicy(options))
  }
  // Whoever has taken the lock over may have made one: another would end the one that consumers still use.
  await lock.keep()
  const at = nowSeconds()
  const secret = await admin.clients.regenerateSecret(String(fresh.id))
  const after = { ...(await findClient(options)), secret }
  return { client: after, way: wayOf(after), at }
}

function wayOf(client: Representation): RotationSummary['way'] {
  return overlapEnd(client) === undefined ? 'gap' : 'overlap'
}

async function useSecret(made: Representation, options: RotationOptions): Promise<void> {
  const refusal = await waitForSecret(trialOf(made, options))
  if (refusal !== undefined) throw unfinished(options.client.clientId, `Keycloak does not take it: ${refusal}`)
  step(options.report, 3, 'the new secret works')
}

async function deliverEverywhere(made: Representation, options: RotationOptions): Promise<readonly DeliveryResult[]> {
  const { client, places, report } = options
  const results = await deliverTo(places, valuesOf(made, options))
  const failures = failuresOf(results)
  if (failures !== undefined) throw unfinished(client.clientId, `it could not be delivered everywhere: ${failures}`)
  step(report, 4, `delivered to ${results.length} ${results.length === 1 ? 'place' : 'places'}`)
  return results
}

/** Somebody may have made yet another secret in the meantime. */
async function finish(made: Representation, options: RotationOptions): Promise<void> {
  const { admin, client, report } = options
  const now = await findClient(options)
  if (now.secret !== made.secret) throw unfinished(client.clientId, 'somebody else has made yet another one')
  const obstacle = await findObstacle(now, options)
  if (obstacle !== undefined) throw unfinished(client.clientId, obstacle)
  await admin.clients.update(String(now.id), withState(now, undefined))
  step(report, STEPS, 'it is everywhere and works')
}

function step(report: Report, done: number, what: string): void {
  report({ what, done, of: STEPS })
}
