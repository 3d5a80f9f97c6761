// Which service is asking, by its own credentials: its secret (RFC 6749 section 2.3.1) or an assertion it has signed
// (RFC 7523 section 3). Exactly one of them; whether a service exists cannot be found out here.
import type { KeyObject } from 'node:crypto'
import { decodeJwt, errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose'
import type { Query } from '../http/query.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import { createSecret, hashSecret, isSameSecret } from '../kernel/secrets.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionStore } from '../session/session-store.ts'

export type ServiceProof =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'publicKey'; readonly key: KeyObject; readonly algorithm: string }

export interface KnownService {
  readonly name: string
  readonly proof: ServiceProof
  /** `aud` of the internal tokens that are minted for it. */
  readonly audiences: readonly string[]
}

export type ServiceVerdict =
  | { readonly kind: 'service'; readonly service: KnownService }
  | { readonly kind: 'refused'; readonly error: 'invalid_client' | 'invalid_request'; readonly because: string }

export interface ServiceAuthOptions {
  /** By name. */
  readonly services: ReadonlyMap<string, KnownService>
  /** What an assertion may name as its audience: our public URL, or the address it is sent to. */
  readonly publicUrl: string
  readonly store: Pick<SessionStore, 'claim'>
  readonly now: () => EpochSeconds
}

/** Rejects with `ERR_STORE_UNAVAILABLE`. */
export type AuthenticateService = (
  request: Pick<GatewayRequest, 'headers' | 'path'>,
  form: Query,
) => Promise<ServiceVerdict>

/** Form fields in which a service proves itself. */
export const SERVICE_AUTH_FIELDS = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_MAX_LIFE_SECONDS = 300
const CLOCK_TOLERANCE_SECONDS = 5
const ASSERTION_TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt']
/** Compared with what an unknown service sends. */
const NOBODYS_SECRET = createSecret(32)

type Given =
  | { readonly kind: 'secret'; readonly name: string; readonly secret: string }
  | { readonly kind: 'assertion'; readonly assertion: string; readonly name: string | null }
  | Refused

type Refused = ServiceVerdict & { readonly kind: 'refused' }

export function createServiceAuth(options: ServiceAuthOptions): AuthenticateService {
  async function verifyAssertion(given: Given & { readonly kind: 'assertion' }, path: string): Promise<ServiceVerdict> {
    const name = subjectOf(given.assertion)
    const service = name === null ? undefined : options.services.get(name)
    if (service?.proof.kind !== 'publicKey') return unknown('no such service signs assertions')
    if (given.name !== null && given.name !== service.name) return unknown('client_id is not who signed')
    const verified = await verifySignature(given.assertion, service.name, service.proof, path)
    if (typeof verified === 'string') return unknown(verified)
    return (await isFirstUse(service.name, verified)) ? { kind: 'service', service } : unknown('used before')
  }

  async function verifySignature(
    assertion: string,
    name: string,
    { key, algorithm }: ServiceProof & { readonly kind: 'publicKey' },
    path: string,
  ): Promise<UsableClaims | string> {
    try {
      const verified = await jwtVerify(assertion, key, {
        // RFC 9864 names the curve; older libraries say EdDSA.
        algorithms: algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm],
        issuer: name,
        subject: name,
        audience: [options.publicUrl, options.publicUrl + path],
        requiredClaims: ['exp', 'jti'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(options.now() * 1000),
      })
      return judgeClaims(verified, options.now())
    } catch (error) {
      if (error instanceof errors.JOSEError) return error.code
      throw error
    }
  }

  async function isFirstUse(name: string, { jti, exp }: UsableClaims): Promise<boolean> {
    const claim = `client-assertion:${hashSecret(JSON.stringify([name, jti]))}`
    return (await options.store.claim(claim, exp + CLOCK_TOLERANCE_SECONDS)) === 'claimed'
  }

  return async (request, form) => {
    const given = readGiven(header(request, 'authorization'), form)
    switch (given.kind) {
      case 'refused':
        return given
      case 'secret':
        return compareSecret(given.secret, options.services.get(given.name))
      case 'assertion':
        return verifyAssertion(given, request.path)
    }
  }
}

/** RFC 6749 section 2.3: no more than one method in a request. */
function readGiven(authorization: string | undefined, form: Query): Given {
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  const name = form.get('client_id') ?? null
  const methods = [authorization, secret, assertion].filter((given) => given !== undefined)
  if (methods.length > 1) return refused('invalid_request', 'more than one proof')
  if (authorization !== undefined) return readBasic(authorization, name)
  if (assertion !== undefined) {
    const isJwt = form.get('client_assertion_type') === JWT_BEARER
    return isJwt ? { kind: 'assertion', assertion, name } : refused('invalid_request', 'client_assertion_type')
  }
  if (secret === undefined || name === null) return unknown('no proof')
  return { kind: 'secret', name, secret }
}

function readBasic(authorization: string, name: string | null): Given {
  const encoded = /^Basic +([A-Za-z\d+/]+={0,2})$/i.exec(authorization)?.[1]
  if (encoded === undefined) return unknown('Authorization is not Basic')
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  try {
    const given = { name: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) }
    if (colon === -1 || (name !== null && name !== given.name)) return unknown('Basic names nobody, or two services')
    return { kind: 'secret', ...given }
  } catch {
    return unknown('Basic is not form-encoded')
  }
}

/** RFC 6749 section 2.3.1: name and secret are form-encoded before they are joined. Throws for broken escapes. */
function decodeForm(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function compareSecret(secret: string, service: KnownService | undefined): ServiceVerdict {
  const proof = service?.proof
  const isSame = isSameSecret(proof?.kind === 'secret' ? proof.secret : NOBODYS_SECRET, secret)
  if (service === undefined || proof?.kind !== 'secret' || !isSame) return unknown('no such service, or another secret')
  return { kind: 'service', service }
}

function subjectOf(assertion: string): string | null {
  try {
    return decodeJwt(assertion).sub ?? null
  } catch {
    return null
  }
}

type UsableClaims = JWTPayload & { readonly jti: string; readonly exp: number }

function judgeClaims({ payload, protectedHeader }: JWTVerifyResult, now: EpochSeconds): UsableClaims | string {
  const { jti, exp, aud } = payload
  if (!ASSERTION_TYPES.includes(protectedHeader.typ)) return 'a token of another kind'
  // A second audience could be somebody who plays the assertion back to us.
  if (typeof aud !== 'string' && aud?.length !== 1) return 'more than one audience'
  if (typeof jti !== 'string' || jti === '' || exp === undefined) return 'no jti or exp'
  if (exp > now + ASSERTION_MAX_LIFE_SECONDS + CLOCK_TOLERANCE_SECONDS) return 'lives too long'
  return { ...payload, jti, exp }
}

function refused(error: Refused['error'], because: string): Refused {
  return { kind: 'refused', error, because }
}

function unknown(because: string): Refused {
  return refused('invalid_client', because)
}
