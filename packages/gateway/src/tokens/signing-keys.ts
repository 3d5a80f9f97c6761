// The signing keys as a running gateway holds them. They are read from the store at the start and every few seconds,
// never while a request waits; when that fails, those at hand stay in use.
import { type CryptoKey, importJWK, type JSONWebKeySet, type JWK } from 'jose'
import { GatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import { changeSigningKeys, generateSigningKey, readSigningKeys, type SigningKeyPlace } from './signing-key-document.ts'
import {
  addKey,
  publishedKeys,
  type SigningAlgorithm,
  type SigningKeyRing,
  signingKeyAt,
  withdrawKey,
} from './signing-key-ring.ts'

/** How soon a running gateway learns of a change of the keys. */
export const SIGNING_KEYS_POLL_SECONDS = 2

export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: CryptoKey
}

export interface SigningKeysOptions extends SigningKeyPlace {
  /** Of new keys; the one that signs is replaced at the start when its algorithm is another. */
  readonly algorithm: SigningAlgorithm
  readonly pollSeconds: number
  readonly events: Events
}

export interface SigningKeys {
  /**
   * Makes the first key when there is none, and looks at the store regularly from then on.
   * Rejects with `ERR_STORE_UNAVAILABLE`, or `ERR_SIGNING_KEYS_UNAVAILABLE` when the sealing key is missing; looking
   * goes on.
   */
  start(): Promise<void>
  /** A look at the store that begins now or later, one for all who ask meanwhile; what goes wrong is told as an event. */
  reload(): Promise<void>
  /** The key that signs now; undefined before the first successful look. */
  signing(): SigningKey | undefined
  /** Whether services can still verify what this key has signed. */
  isPublished(kid: string): boolean
  /** Public parts alone, of keys that will sign and of replaced ones too. */
  keySet(): JSONWebKeySet
  close(): Promise<void>
}

export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  const { store, events, pollSeconds } = options
  let ring: SigningKeyRing = []
  let privateKeys: ReadonlyMap<string, CryptoKey> = new Map()
  let seenVersion = 0
  let toldKid: string | undefined
  let isFailing = false
  let isReady = false
  let hasEnded = false
  let looking: Promise<void> = Promise.resolve()
  let nextLook: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  async function adopt(): Promise<void> {
    let stored = await readSigningKeys(options)
    if (!isReady || stored.version === 0) {
      await ensureKey(options)
      stored = await readSigningKeys(options)
    } else if (!stored.isSealedByNewest) await sealAnew(options)
    if (stored.version !== seenVersion) {
      privateKeys = await importPrivateKeys(stored.ring, privateKeys)
      ring = stored.ring
      seenVersion = stored.version
    }
    isReady = true
  }

  function tellChange(): void {
    const key = signing()
    if (key === undefined || key.kid === toldKid) return
    toldKid = key.kid
    events.emit({ kind: 'signing-key.changed', kid: key.kid, algorithm: key.algorithm })
  }

  async function look(): Promise<void> {
    nextLook = null
    try {
      await adopt()
      isFailing = false
    } catch (cause) {
      if (!isFailing) events.emit({ kind: 'store.failed', operation: 'signing-keys', cause })
      isFailing = true
    }
    tellChange()
  }

  /** One after the other: an older look that ends later must not bring back what it saw. */
  function reload(): Promise<void> {
    nextLook ??= looking.then(look)
    looking = nextLook
    return nextLook
  }

  function schedule(): void {
    if (hasEnded) return
    timer = setTimeout(() => reload().finally(schedule), pollSeconds * 1000).unref()
  }

  function signing(): SigningKey | undefined {
    const key = signingKeyAt(ring, store.now())
    const privateKey = key === undefined ? undefined : privateKeys.get(key.kid)
    if (key === undefined || privateKey === undefined) return undefined
    return { kid: key.kid, algorithm: key.algorithm, privateKey }
  }

  return {
    async start() {
      try {
        await adopt()
        tellChange()
      } finally {
        schedule()
      }
    },
    reload,
    signing,
    isPublished: (kid) => publishedKeys(ring, store.now()).some((key) => key.kid === kid),
    keySet: () => ({
      keys: publishedKeys(ring, store.now()).map(({ kid, algorithm, jwk }) => publicJwk(kid, algorithm, jwk)),
    }),
    async close() {
      hasEnded = true
      clearTimeout(timer)
      await looking
    },
  }
}

/** Two gateways may start at once: whoever writes second finds the key of the first. */
async function ensureKey(options: SigningKeysOptions): Promise<void> {
  const { algorithm, store } = options
  await changeSigningKeys(options, async (stored) => {
    const now = store.now()
    const published = publishedKeys(stored.ring, now)
    const newest = published.find(({ signsUntil }) => signsUntil === null)
    if (newest?.algorithm === algorithm) return { ring: null, outcome: undefined }
    const isWaiting = newest !== undefined && newest.signsFrom > now
    const kept = isWaiting ? withdrawKey(published, newest, now) : published
    const isEnough = kept.some((key) => key.signsUntil === null && key.algorithm === algorithm)
    const ring = isEnough ? kept : addKey(kept, await generateSigningKey(algorithm), now)
    return { ring, outcome: undefined }
  })
}

/** A sealing key can be retired once nothing is sealed by it. */
async function sealAnew(options: SigningKeysOptions): Promise<void> {
  await changeSigningKeys(options, async ({ ring, isSealedByNewest }) => ({
    ring: isSealedByNewest ? null : publishedKeys(ring, options.store.now()),
    outcome: undefined,
  }))
}

async function importPrivateKeys(
  ring: SigningKeyRing,
  known: ReadonlyMap<string, CryptoKey>,
): Promise<ReadonlyMap<string, CryptoKey>> {
  const imported = ring.map(async ({ kid, algorithm, jwk }) => {
    return [kid, known.get(kid) ?? (await importPrivateKey(algorithm, jwk))] as const
  })
  return new Map(await Promise.all(imported))
}

async function importPrivateKey(algorithm: SigningAlgorithm, jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm)
  if (key instanceof Uint8Array) throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'a symmetric key' })
  return key
}

/** All that is public of any kind of key (RFC 7518 section 6, RFC 8037): what is not listed does not get out. */
const PUBLIC_MEMBERS = ['n', 'e', 'crv', 'x', 'y'] as const

function publicJwk(kid: string, alg: SigningAlgorithm, jwk: JWK): JWK {
  const members = PUBLIC_MEMBERS.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]])
  return { kty: jwk.kty, ...Object.fromEntries(members), kid, alg, use: 'sig' }
}
