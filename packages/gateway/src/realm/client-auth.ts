// How we prove to the realm who we are (RFC 6749 section 2.3.1, RFC 7523 section 2.2).
import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { ClientSecretBasic, ClientSecretPost } from 'openid-client'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/time.ts'
import { parseJsonObject } from './json.ts'

const ASSERTION_LIFETIME_SECONDS = 60

export type ClientAuthOptions =
  | { readonly kind: 'secret'; readonly secret: string }
  /** Secrets that change while we run, to be tried in this order; what comes after a refusal is only then looked up. */
  | { readonly kind: 'secrets'; readonly inTurn: () => Iterable<string> }
  | {
      readonly kind: 'privateKey'
      /** PEM or JWK as JSON. */
      readonly key: string
      readonly algorithm: string
      /** Null: the JWK's own `kid`, or none. */
      readonly keyId: string | null
    }

export interface ClientIdentity {
  readonly issuer: string
  readonly clientId: string
  readonly clientAuth: ClientAuthOptions
  readonly clock: Clock
}

/** Adds the proof to a form and its headers; a new assertion each time. */
export type AuthenticateClient = (
  secretMethod: 'basic' | 'post',
  form: URLSearchParams,
  headers: Headers,
) => Promise<void>

function readPrivateKey(text: string): { readonly key: KeyObject; readonly keyId: string | null } {
  const jwk = parseJsonObject(text)
  try {
    if (jwk === null) return { key: createPrivateKey(text), keyId: null }
    return { key: createPrivateKey({ key: jwk, format: 'jwk' }), keyId: typeof jwk.kid === 'string' ? jwk.kid : null }
  } catch {
    // The cause could quote the key.
    throw new GatewayError('ERR_CONFIG_INVALID', { because: 'the private key is neither PEM nor JWK' })
  }
}

const KEY_BY_ALGORITHM: Readonly<Record<string, string>> = {
  ES256: 'ec prime256v1',
  ES384: 'ec secp384r1',
  ES512: 'ec secp521r1',
  EdDSA: 'ed25519',
  Ed25519: 'ed25519',
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
}

function checkAlgorithm(key: KeyObject, algorithm: string): void {
  const curve = key.asymmetricKeyDetails?.namedCurve
  const kind = curve === undefined ? key.asymmetricKeyType : `${key.asymmetricKeyType} ${curve}`
  if (KEY_BY_ALGORITHM[algorithm] !== kind) {
    throw new GatewayError('ERR_CONFIG_INVALID', { because: `a private key of type ${kind} cannot sign ${algorithm}` })
  }
}

function createAssertionAuth(
  identity: ClientIdentity,
  options: ClientAuthOptions & { readonly kind: 'privateKey' },
): AuthenticateClient {
  const { key, keyId } = readPrivateKey(options.key)
  checkAlgorithm(key, options.algorithm)
  const kid = options.keyId ?? keyId
  return async (_secretMethod, form) => {
    const issuedAt = Math.floor(identity.clock())
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: options.algorithm, typ: 'JWT', ...(kid === null ? {} : { kid }) })
      .setIssuer(identity.clientId)
      .setSubject(identity.clientId)
      // One string: Keycloak refuses several audiences, and another realm must not be able to use it.
      .setAudience(identity.issuer)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_LIFETIME_SECONDS)
      .setJti(randomUUID())
      .sign(key)
    form.set('client_id', identity.clientId)
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    form.set('client_assertion', assertion)
  }
}

function createSecretAuth({ issuer, clientId }: ClientIdentity, secret: string): AuthenticateClient {
  const methods = { basic: ClientSecretBasic(secret), post: ClientSecretPost(secret) }
  return async (secretMethod, form, headers) => {
    methods[secretMethod]({ issuer }, { client_id: clientId }, form, headers)
  }
}

/** What to prove us by, one after the other until the realm takes one. */
export type ClientProofs = () => Iterable<AuthenticateClient>

/** Throws `ERR_CONFIG_INVALID` for a private key that cannot be read or does not fit its algorithm. */
export function createClientAuth(identity: ClientIdentity): ClientProofs {
  const { clientAuth } = identity
  if (clientAuth.kind === 'secrets') {
    return function* inTurn() {
      for (const secret of clientAuth.inTurn()) yield createSecretAuth(identity, secret)
    }
  }
  const only = [
    clientAuth.kind === 'secret'
      ? createSecretAuth(identity, clientAuth.secret)
      : createAssertionAuth(identity, clientAuth),
  ]
  return () => only
}
