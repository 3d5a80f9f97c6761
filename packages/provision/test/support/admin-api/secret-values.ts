// Secrets of clients: what one looks like, which ones are valid, and when two are.
import { randomBytes } from 'node:crypto'
import type { Client, RealmState, Thing } from './realm-state.ts'
import { brokenInside } from './reply.ts'

const CREATED = 'client.secret.creation.time'
const EXPIRES = 'client.secret.expiration.time'
const ROTATED = 'client.secret.rotated'
const ROTATED_CREATED = 'client.secret.rotated.creation.time'
const ROTATED_EXPIRES = 'client.secret.rotated.expiration.time'

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

export function makeSecret(): string {
  return randomBytes(43).toString('hex')
}

export function isValidSecret({ secret, attributes }: Client, given: string): boolean {
  if (given === secret) return true
  return given === attributes[ROTATED] && Number(attributes[ROTATED_EXPIRES]) > nowSeconds()
}

export function rotatedSecret({ attributes }: Client): string | undefined {
  return attributes[ROTATED]
}

/** Under a policy the one before stays valid for a while; without one it ends at once. */
export function rotateSecret(realm: RealmState, client: Client): void {
  const periods = rotationPeriods(realm, client)
  const before = client.secret
  endRotatedSecret(client)
  if (periods === undefined) delete client.attributes[EXPIRES]
  else {
    client.attributes[ROTATED] = before ?? ''
    client.attributes[ROTATED_CREATED] = client.attributes[CREATED] ?? String(nowSeconds())
    client.attributes[ROTATED_EXPIRES] = String(nowSeconds() + periods.rotated)
    client.attributes[EXPIRES] = String(nowSeconds() + periods.current)
  }
  client.attributes[CREATED] = String(nowSeconds())
  client.secret = makeSecret()
}

export function endRotatedSecret({ attributes }: Client): void {
  delete attributes[ROTATED]
  delete attributes[ROTATED_CREATED]
  delete attributes[ROTATED_EXPIRES]
}

/**
 * What a creation or a PUT does beside what it says: the secret gets its end. A PUT that has no attributes, where
 * Keycloak could write that down, is answered with 500.
 */
export function applyRotationPolicy(
  realm: RealmState,
  client: Client,
  { hasAttributes }: { readonly hasAttributes: boolean },
): void {
  const periods = rotationPeriods(realm, client)
  if (periods === undefined) {
    endRotatedSecret(client)
    delete client.attributes[EXPIRES]
    return
  }
  if (client.attributes[EXPIRES] !== undefined) return
  if (!hasAttributes) throw brokenInside()
  client.attributes[EXPIRES] = String(Number(client.attributes[CREATED] ?? nowSeconds()) + periods.current)
}

interface Periods {
  readonly current: number
  readonly rotated: number
}

function rotationPeriods({ policies, profiles }: RealmState, client: Client): Periods | undefined {
  const names = policies
    .filter((policy) => policy.enabled === true && partsOf(policy.conditions).every((part) => isMet(part, client)))
    .flatMap((policy) => (Array.isArray(policy.profiles) ? policy.profiles : []))
  const executor = profiles
    .filter(({ name }) => names.includes(name))
    .flatMap(({ executors }) => partsOf(executors))
    .find((part) => part.executor === 'secret-rotation')
  if (executor === undefined) return undefined
  const configuration = executor.configuration as Thing
  return {
    current: Number(configuration['expiration-period']),
    rotated: Number(configuration['rotated-expiration-period']),
  }
}

function isMet({ condition, configuration }: Thing, { publicClient, bearerOnly, attributes }: Client): boolean {
  const settings = configuration as Thing
  if (condition === 'any-client') return true
  if (condition === 'client-access-type') {
    const secretType = bearerOnly === true ? 'bearer-only' : 'confidential'
    return (settings.type as readonly string[]).includes(publicClient ? 'public' : secretType)
  }
  if (condition !== 'client-attributes') throw new Error(`The small admin API knows no condition ${condition}`)
  const wanted = JSON.parse(String(settings.attributes)) as readonly { readonly key: string; readonly value: string }[]
  return wanted.every(({ key, value }) => attributes[key] === value)
}

function partsOf(value: unknown): readonly Thing[] {
  return Array.isArray(value) ? (value as readonly Thing[]) : []
}
