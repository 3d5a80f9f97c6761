// Keys of a test, and tokens signed by them: good ones by default, and whatever a test makes of them.
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'

export const NOW = 1_800_000_000
export const AUDIENCE = 'reports'

export interface Signer {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
  sign(claims: unknown, header?: Readonly<Record<string, unknown>>): Promise<string>
}

const KEYS = new Map<string, Promise<{ privateKey: CryptoKey; jwk: JWK }>>()

async function createKey(alg: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: await exportJWK(publicKey) }
}

function sharedKey(name: string, alg: string) {
  const key = KEYS.get(name) ?? createKey(alg)
  KEYS.set(name, key)
  return key
}

/** The same key for the same kid and algorithm, within one test file. */
export async function createSigner(kid: string, alg = 'ES256'): Promise<Signer> {
  const { privateKey, jwk } = await sharedKey(`${kid} ${alg}`, alg)
  return {
    kid,
    privateKey,
    jwk: { ...jwk, kid, alg, use: 'sig' },
    sign(claims, header = {}) {
      const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
      return new CompactSign(new TextEncoder().encode(text))
        .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
        .sign(privateKey)
    },
  }
}

export function internalClaims(issuer: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'alice',
    sid: 'handle-1',
    client_id: 'web-gateway',
    roles: ['user', 'admin'],
    client_roles: { reports: ['read'] },
    tenant: 'acme',
    scope: 'openid reports:read',
    jti: 'token-1',
    iat: NOW,
    exp: NOW + 60,
    ...more,
  }
}

/** As Keycloak 26 writes them. */
export function realmClaims(issuer: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    exp: NOW + 300,
    iat: NOW,
    auth_time: NOW,
    jti: 'onrtac:token-1',
    iss: issuer,
    aud: [AUDIENCE, 'account'],
    sub: 'alice',
    typ: 'Bearer',
    azp: 'mobile',
    sid: 'sid-1',
    acr: '1',
    'allowed-origins': ['https://app.example'],
    realm_access: { roles: ['user'] },
    resource_access: { reports: { roles: ['read'] }, account: { roles: ['view-profile'] } },
    scope: 'openid profile',
    organization: ['acme'],
    ...more,
  }
}
