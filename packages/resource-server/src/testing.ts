// Tests of a service without a realm: an issuer that stands in for gateway and realm, and signs whatever caller a test
// needs. Its keys live in memory; its guard options answer the question for keys themselves, without any network.
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Caller } from './caller.ts'
import type { GuardOptions } from './guard-options.ts'

/** What a test says of a caller; all of it optional. */
export interface TestCaller {
  /** `internal`: a token as the gateway mints it. `realm`: an access token as Keycloak issues it. Default `internal`. */
  readonly kind?: Caller['kind']
  /** Default `test-subject`. */
  readonly subject?: string
  /** Of internal tokens. Default `main`. */
  readonly realm?: string
  /** Default `test-client`. */
  readonly clientId?: string
  readonly sessionId?: string
  readonly roles?: readonly string[]
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>
  readonly scopes?: readonly string[]
  readonly groups?: readonly string[]
  /** Only in internal tokens; an access token has organizations. */
  readonly tenant?: string
  readonly organizations?: readonly string[]
  /** Default: the audience of the issuer. */
  readonly audience?: string | readonly string[]
  /** Seconds until it expires, from now; below zero for one that has. Default 60. */
  readonly lifeSeconds?: number
  /** Further claims; they win over all of the above, and one that is `undefined` is left out. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface TestIssuerOptions {
  /** Default `test-service`. */
  readonly audience?: string
  /** Epoch seconds; the guard of the options goes by it, too. Default: the system's clock. */
  readonly now?: () => number
}

export interface TestIssuer {
  readonly audience: string
  /** For `createGuard` and `guard`: they accept what this issuer signs, and nothing else. */
  readonly guardOptions: GuardOptions
  /** An access token for the caller. */
  signCaller(caller?: TestCaller): Promise<string>
  /** As `signCaller`, as the value of an `Authorization` header. */
  authorization(caller?: TestCaller): Promise<string>
}

const GATEWAY = 'https://gateway.test'
const REALM = 'https://keycloak.test/realms/test'
const JWKS_PATH = '/jwks.json'

function buildCommonClaims(caller: TestCaller, audience: string, now: number): Record<string, unknown> {
  return {
    aud: caller.audience ?? audience,
    sub: caller.subject ?? 'test-subject',
    iat: now,
    exp: now + (caller.lifeSeconds ?? 60),
    jti: randomUUID(),
    sid: caller.sessionId,
    scope: caller.scopes?.join(' '),
    groups: caller.groups,
    organization: caller.organizations,
  }
}

function buildInternalClaims({ realm, clientId, roles, clientRoles, tenant }: TestCaller): Record<string, unknown> {
  return {
    iss: GATEWAY,
    realm: realm ?? 'main',
    client_id: clientId ?? 'test-client',
    roles: roles ?? [],
    client_roles: clientRoles,
    tenant,
  }
}

function buildRealmClaims({ clientId, roles, clientRoles = {} }: TestCaller): Record<string, unknown> {
  const byClient = Object.entries(clientRoles).map(([id, held]) => [id, { roles: held }])
  return {
    iss: REALM,
    typ: 'Bearer',
    azp: clientId ?? 'test-client',
    realm_access: { roles: roles ?? [] },
    resource_access: Object.fromEntries(byClient),
  }
}

async function createTestKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
  return { kid, privateKey, jwk }
}

/** An issuer with new keys. For tests only: what it signs is worth nothing elsewhere. */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { audience = 'test-service', now = () => Date.now() / 1000 } = options
  const keys = { internal: await createTestKey('test-gateway'), realm: await createTestKey('test-realm') }
  const published = new Map([
    [GATEWAY + JWKS_PATH, keys.internal.jwk],
    [REALM + JWKS_PATH, keys.realm.jwk],
  ])

  async function answerKeys(url: Parameters<typeof globalThis.fetch>[0]): Promise<Response> {
    const jwk = published.get(String(url))
    return jwk === undefined ? new Response(null, { status: 404 }) : Response.json({ keys: [jwk] })
  }

  async function signCaller(caller: TestCaller = {}): Promise<string> {
    const { kind = 'internal', claims = {} } = caller
    const own = kind === 'internal' ? buildInternalClaims(caller) : buildRealmClaims(caller)
    const { kid, privateKey } = keys[kind]
    const header = { alg: 'ES256', kid, typ: kind === 'internal' ? 'at+jwt' : 'JWT' }
    const all = { ...buildCommonClaims(caller, audience, Math.floor(now())), ...own, ...claims }
    return new SignJWT(all).setProtectedHeader(header).sign(privateKey)
  }

  return {
    audience,
    guardOptions: {
      audience,
      gateway: { issuer: GATEWAY, jwksUrl: GATEWAY + JWKS_PATH },
      issuer: { issuer: REALM, jwksUrl: REALM + JWKS_PATH },
      fetch: answerKeys,
      now,
    },
    signCaller,
    async authorization(caller) {
      return `Bearer ${await signCaller(caller)}`
    },
  }
}
