// The public keys of one issuer. An unknown `kid` means one refetch at once, for all who wait; when that did not help,
// no other for the cool-down. Keys stay in use while the issuer is down. Keys named by a token (`jku`, `jwk`, `x5u`,
// `x5c`) are never looked at (RFC 8725 section 3.10).
import { type CryptoKey, createLocalJWKSet } from 'jose'
import { type Claims, isObject } from './claims.ts'
import { type IssuerCall, parseAnswer } from './issuer-call.ts'

export interface KeySetOptions {
  /** How long fetched keys are used without asking again. */
  readonly keySetSeconds: number
  /** After a fetch that failed or brought no fitting key. */
  readonly keySetCooldownSeconds: number
  readonly now: () => number
}

export interface VerificationKey {
  /** The same for as long as the key is published unchanged. */
  readonly id: string
  readonly key: CryptoKey
}

export interface KeySet {
  /** Keys that may have signed under this header. Rejects when that cannot be known because the issuer is down. */
  find(header: { readonly alg: string; readonly kid?: string }): Promise<readonly VerificationKey[]>
  /** Whether the key is still published, as far as known. Asks anew, without waiting, when that is long ago. */
  holds(id: string): boolean
}

interface PublishedKey {
  readonly id: string
  readonly kid: unknown
  readonly resolve: ReturnType<typeof createLocalJWKSet>
}

type PublishedKeys = ReadonlyMap<string, PublishedKey>

/** With no keys at all, a first failure is forgotten sooner: the issuer may just be starting. */
const FIRST_COOLDOWN_SECONDS = 1

/** With an RSA exponent of 1 anything is a signature. Keys for encryption and symmetric ones are passed over by jose. */
function isUsable(jwk: unknown): jwk is Claims & { readonly kty: string } {
  if (!isObject(jwk) || typeof jwk.kty !== 'string') return false
  return jwk.kty !== 'RSA' || !/^(?:00)*(?:0[01])?$/.test(Buffer.from(String(jwk.e), 'base64url').toString('hex'))
}

/** A set of its own for each key, so that a broken one cannot spoil the others. Known keys keep what jose imported. */
function parseKeys(keys: readonly unknown[], known: PublishedKeys): PublishedKeys {
  const published = new Map<string, PublishedKey>()
  for (const jwk of keys) {
    if (!isUsable(jwk)) continue
    const id = JSON.stringify(jwk)
    const resolve = known.get(id)?.resolve ?? createLocalJWKSet({ keys: [jwk] })
    published.set(id, { id, kid: jwk.kid, resolve })
  }
  return published
}

async function findIn(keys: PublishedKeys, header: { alg: string; kid?: string }): Promise<readonly VerificationKey[]> {
  const found: VerificationKey[] = []
  for (const { id, kid, resolve } of keys.values()) {
    if (header.kid !== undefined && header.kid !== kid) continue
    const key = await resolve(header).catch(() => null)
    if (key !== null) found.push({ id, key })
  }
  return found
}

export function createKeySet(options: KeySetOptions, call: IssuerCall, jwksUrl: () => Promise<string>): KeySet {
  const { now } = options
  let keys: PublishedKeys | null = null
  let freshUntil = 0
  let coolUntil = 0
  let failure: { readonly cause: unknown } | null = null
  let inFlight: Promise<void> | null = null

  function coolDown(seconds: number): void {
    coolUntil = now() + seconds
  }

  async function load(): Promise<void> {
    const answer = parseAnswer(await call(await jwksUrl(), { headers: { accept: 'application/json' } }))
    if (!Array.isArray(answer?.keys)) throw new Error('the issuer answered no key set')
    keys = parseKeys(answer.keys, keys ?? new Map())
    freshUntil = now() + options.keySetSeconds
    failure = null
  }

  function noteFailure(cause: unknown): void {
    failure = { cause }
    coolDown(
      keys === null ? Math.min(FIRST_COOLDOWN_SECONDS, options.keySetCooldownSeconds) : options.keySetCooldownSeconds,
    )
  }

  /** Never rejects. */
  function refetch(): Promise<void> {
    inFlight ??= load()
      .catch(noteFailure)
      .finally(() => {
        inFlight = null
      })
    return inFlight
  }

  /** While the issuer is down nobody waits for it but who knows no key at all. */
  async function renewIfDue(): Promise<void> {
    if (now() < freshUntil || now() < coolUntil) return
    const renewed = refetch()
    if (keys === null || failure === null) await renewed
  }

  function current(): PublishedKeys {
    return keys ?? new Map()
  }

  /** No known key fits: the issuer may have a new one, unless it has been asked just now. */
  async function findAnew(header: { alg: string; kid?: string }, before: PublishedKeys | null) {
    if (keys === before && now() >= coolUntil) await refetch()
    const found = await findIn(current(), header)
    if (found.length > 0) return found
    if (failure !== null) throw failure.cause
    if (now() >= coolUntil) coolDown(options.keySetCooldownSeconds)
    return []
  }

  return {
    async find(header) {
      const before = keys
      await renewIfDue()
      const found = await findIn(current(), header)
      if (found.length > 0) return found
      return findAnew(header, before)
    },

    holds(id) {
      void renewIfDue()
      return current().has(id)
    },
  }
}
