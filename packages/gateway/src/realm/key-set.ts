// The realm's public keys. An unknown `kid` means one refetch at once, for all who wait; when that did not help, no
// other for the cool-down. Keys stay in use while the realm cannot be asked. Keys named by a token (`jku`, `jwk`,
// `x5u`, `x5c`) are never looked at (RFC 8725 section 3.10).
import { type CryptoKey, createLocalJWKSet, errors, type JWK, type JWSHeaderParameters } from 'jose'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import { isObject, parseJsonObject } from './json.ts'
import type { RealmFetch } from './realm-fetch.ts'

export interface KeySetOptions {
  /** How long fetched keys are used without asking again. */
  readonly metadataSeconds: number
  /** After a refetch that brought no fitting key, or that failed. */
  readonly keySetCooldownSeconds: number
  readonly clock: Clock
}

export interface KeySet {
  /**
   * The realm's keys that may have signed under this header; none when there is no such key.
   * Throws `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`, `ERR_REALM_METADATA_INVALID` when no key was ever had.
   */
  find(header: JWSHeaderParameters): Promise<readonly CryptoKey[]>
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>

/** Without the broken entries: one would spoil the others. Encryption and symmetric keys are passed over by jose. */
function parseKeySet(text: string): readonly JWK[] {
  const keys = parseJsonObject(text)?.keys
  if (!Array.isArray(keys)) {
    throw new GatewayError('ERR_REALM_METADATA_INVALID', { because: 'the key set is no key set' })
  }
  return keys.filter((key: unknown) => isObject(key) && typeof key.kty === 'string')
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

async function findIn(keys: LocalKeys, header: JWSHeaderParameters): Promise<readonly CryptoKey[]> {
  try {
    return [await keys({ ...header, alg: header.alg ?? '' })]
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return collect(error)
    if (error instanceof errors.JOSEError || error instanceof DOMException || error instanceof TypeError) return []
    throw error
  }
}

export function createKeySet(options: KeySetOptions, fetch: RealmFetch, jwksUrl: () => Promise<URL>): KeySet {
  const { clock } = options
  let keys: LocalKeys | null = null
  let freshUntil: EpochSeconds = 0
  let coolUntil: EpochSeconds = 0
  let inFlight: Promise<LocalKeys> | null = null

  async function load(): Promise<LocalKeys> {
    const init = { method: 'GET', headers: { accept: 'application/json' }, body: null } as const
    const answer = await fetch.call('jwks', await jwksUrl(), init)
    if (answer.status !== 200) {
      const because = `the realm answered ${answer.status} instead of its keys`
      throw new GatewayError('ERR_REALM_UNREACHABLE', { endpoint: 'jwks', status: answer.status, because })
    }
    keys = createLocalJWKSet({ keys: [...parseKeySet(answer.text)] })
    freshUntil = clock() + options.metadataSeconds
    return keys
  }

  function refetch(): Promise<LocalKeys> {
    inFlight ??= load().finally(() => {
      inFlight = null
    })
    return inFlight
  }

  function coolDown(): void {
    coolUntil = clock() + options.keySetCooldownSeconds
  }

  async function refetchOr(held: LocalKeys | null): Promise<LocalKeys> {
    try {
      return await refetch()
    } catch (error) {
      if (held === null) throw error
      coolDown()
      return held
    }
  }

  return {
    async find(header) {
      const held = keys
      const isFresh = clock() < freshUntil || clock() < coolUntil
      const current = held !== null && isFresh ? held : await refetchOr(held)
      const found = await findIn(current, header)
      if (found.length > 0 || clock() < coolUntil) return found
      const refetched = current === held ? await findIn(await refetchOr(held), header) : found
      if (refetched.length === 0) coolDown()
      return refetched
    },
  }
}
