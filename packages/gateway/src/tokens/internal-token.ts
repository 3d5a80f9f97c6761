// The gateway's own token for one service: who is calling, signed, for that audience alone and for a minute. A warm one is
// at hand and nothing is signed; it is renewed in the background before half its life has gone.
import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import { buildInternalClaims } from './internal-claims.ts'
import { type Beneficiary, type HeldToken, holdToken, type InternalCredential } from './obtained.ts'
import type { SigningKeys } from './signing-keys.ts'

const TOKEN_ID_BYTES = 16
/** Many upstreams take 8 kB of headers, all of them together. */
const TOKEN_MAX_BYTES = 6144
const RENEW_AFTER_SHARE = 0.45
/** What is sent must survive the way, and a clock that differs a little. */
const REMAINING_SHARE = 0.1
/** Of one state of a session: services times tenants. */
const TOKENS_PER_ANCHOR = 64

export interface InternalTokensOptions {
  /** `iss`: the public URL. */
  readonly issuer: string
  /** At most 300: signing keys stay published that long. */
  readonly lifeSeconds: number
  readonly keys: Pick<SigningKeys, 'signing' | 'isPublished'>
  readonly now: Clock
}

export interface InternalTokens {
  /**
   * At once when a token is at hand. The identity of `credential` tells one filter from another.
   *
   * Rejects with `ERR_SIGNING_KEYS_UNAVAILABLE` without a key, `ERR_CREDENTIAL_TOO_LARGE`, and
   * `ERR_CREDENTIAL_FORBIDDEN` for a caller without subject or client.
   */
  mint(beneficiary: Beneficiary, credential: InternalCredential, tenant: string | null): HeldToken | Promise<HeldToken>
}

interface Minted {
  readonly held: HeldToken
  readonly kid: string
  readonly renewAt: EpochSeconds
  readonly usableUntil: EpochSeconds
}

/** The place of one token among those of an anchor. */
interface Slot {
  readonly credential: InternalCredential
  readonly tenant: string | null
  minted: Minted | null
  minting: Promise<HeldToken> | null
}

export function createInternalTokens(options: InternalTokensOptions): InternalTokens {
  const { keys, now } = options
  const slotsByAnchor = new WeakMap<object, Slot[]>()

  function slotsOf(anchor: object): Slot[] {
    const slots = slotsByAnchor.get(anchor) ?? []
    slotsByAnchor.set(anchor, slots)
    return slots
  }

  function findSlot(anchor: object, credential: InternalCredential, tenant: string | null): Slot {
    const slots = slotsOf(anchor)
    const found = slots.find((slot) => slot.credential === credential && slot.tenant === tenant)
    if (found !== undefined) return found
    const slot: Slot = { credential, tenant, minted: null, minting: null }
    if (slots.push(slot) > TOKENS_PER_ANCHOR) slots.shift()
    return slot
  }

  function renew(slot: Slot, beneficiary: Beneficiary): Promise<HeldToken> {
    slot.minting ??= signToken(beneficiary, slot, options)
      .then((minted) => {
        slot.minted = minted
        return minted.held
      })
      .finally(() => {
        slot.minting = null
      })
    return slot.minting
  }

  return {
    mint(beneficiary, credential, tenant) {
      const slot = findSlot(beneficiary.anchor, credential, tenant)
      const { minted } = slot
      const at = now()
      if (minted === null || at >= minted.usableUntil || !keys.isPublished(minted.kid)) return renew(slot, beneficiary)
      // Whoever comes once this one has ended is told why it could not be renewed.
      if (at >= minted.renewAt) renew(slot, beneficiary).catch(() => undefined)
      return minted.held
    },
  }
}

async function signToken(
  beneficiary: Beneficiary,
  { credential, tenant }: Slot,
  { issuer, lifeSeconds, keys, now }: InternalTokensOptions,
): Promise<Minted> {
  refuseNobody(beneficiary)
  const key = keys.signing()
  if (key === undefined) throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'no key has been loaded' })
  const issuedAt = Math.floor(now())
  const { expiresAt, isCut } = tokenEnd(beneficiary, issuedAt + lifeSeconds)
  const tokenId = randomBytes(TOKEN_ID_BYTES).toString('base64url')
  const claims = buildInternalClaims(beneficiary, credential, { issuer, tenant, tokenId, issuedAt, expiresAt })
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
    .sign(key.privateKey)
  refuseTooLarge(token, credential)
  return {
    held: holdToken({ accessToken: token, expiresAt, scope: null }),
    kid: key.kid,
    renewAt: isCut ? expiresAt : issuedAt + lifeSeconds * RENEW_AFTER_SHARE,
    usableUntil: isCut ? expiresAt : expiresAt - lifeSeconds * REMAINING_SHARE,
  }
}

/** A caller with a bearer token must not get beyond the end of that token by ours. A session has been looked at. */
function tokenEnd({ handle, accessTokenExpiresAt }: Beneficiary, fullEnd: EpochSeconds) {
  const isCut = handle === null && accessTokenExpiresAt < fullEnd
  return { expiresAt: isCut ? Math.floor(accessTokenExpiresAt) : fullEnd, isCut }
}

/** A token that names nobody is taken for somebody, sooner or later. */
function refuseNobody({ subject, clientId }: Beneficiary): void {
  if (subject === '') throw new GatewayError('ERR_CREDENTIAL_FORBIDDEN', { because: 'the caller has no subject' })
  if (clientId === null || clientId === '') {
    throw new GatewayError('ERR_CREDENTIAL_FORBIDDEN', { because: 'the token of the caller names no client' })
  }
}

function refuseTooLarge(token: string, { audience }: InternalCredential): void {
  if (token.length <= TOKEN_MAX_BYTES) return
  const remedy = 'list the roles and claims the service needs in its credential'
  const because = `the token for ${audience} has ${token.length} bytes, more than ${TOKEN_MAX_BYTES}`
  throw new GatewayError('ERR_CREDENTIAL_TOO_LARGE', { because, audience, bytes: token.length, remedy })
}
