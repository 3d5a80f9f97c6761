// What a client remembers of a rotation that was begun: in an attribute of its own, written before the new secret is made
// and removed when every consumer has it. From it a later run knows whether the new secret is there already.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { Representation } from '../keycloak/realm-admin.ts'

export const ROTATION_ATTRIBUTE = 'doorman.rotation'

export interface RotationState {
  /** A salted, slow hash of the secret before: people who may only view read attributes, too. */
  readonly from: string
  /** Epoch seconds. */
  readonly startedAt: number
}

export interface SecretTimes {
  /** Of the secret itself; undefined: Keycloak does not know. */
  readonly createdAt: number | undefined
  /** Present as soon as a rotation policy covers the client and the client has been written once. */
  readonly expiresAt: number | undefined
  /** Until when the secret before is taken; undefined: there is none. */
  readonly oldUntil: number | undefined
}

export function beginState(secret: string, nowSeconds: number): RotationState {
  const salt = randomBytes(16)
  return { from: `${salt.toString('base64url')}.${hash(secret, salt).toString('base64url')}`, startedAt: nowSeconds }
}

export function isStateOf({ from }: RotationState, secret: string): boolean {
  const [salt = '', digest = ''] = from.split('.').map((part) => Buffer.from(part, 'base64url'))
  const own = hash(secret, Buffer.from(salt))
  return own.length === digest.length && timingSafeEqual(own, Buffer.from(digest))
}

function hash(secret: string, salt: Buffer): Buffer {
  return scryptSync(secret, salt, 32)
}

/** Undefined when none was begun, also for a text that is not ours. */
export function readState(client: Representation): RotationState | undefined {
  try {
    const { from, startedAt } = JSON.parse(attributeOf(client, ROTATION_ATTRIBUTE) ?? '') as Partial<RotationState>
    return typeof from === 'string' && typeof startedAt === 'number' ? { from, startedAt } : undefined
  } catch {
    return undefined
  }
}

export function readTimes(client: Representation): SecretTimes {
  const timeOf = (name: string) => {
    const value = Number(attributeOf(client, name) ?? Number.NaN)
    return Number.isFinite(value) ? value : undefined
  }
  return {
    createdAt: timeOf('client.secret.creation.time'),
    expiresAt: timeOf('client.secret.expiration.time'),
    oldUntil: timeOf('client.secret.rotated.expiration.time'),
  }
}

function attributeOf({ attributes }: Representation, name: string): string | undefined {
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) return undefined
  const value = (attributes as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * The representation to write for it; undefined forgets. Everything else as it is, because Keycloak switches off what a
 * PUT leaves out; without the secret, which it keeps then, and without the attributes of others, which it merges. There is
 * always one: without attributes Keycloak answers 500 under a rotation policy (KC-115 in notes/keycloak).
 */
export function withState(client: Representation, state: RotationState | undefined): Representation {
  const { secret: _, protocolMappers: __, defaultClientScopes: ___, optionalClientScopes: ____, ...rest } = client
  return { ...rest, attributes: { [ROTATION_ATTRIBUTE]: state === undefined ? '' : JSON.stringify(state) } }
}
