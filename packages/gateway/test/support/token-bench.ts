// The token endpoints as one replica has them: real sessions, real internal tokens, scripted realms.
import { createPublicKey, randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { Reply } from '../../src/http/reply.ts'
import type { GatewayRequest } from '../../src/http/request.ts'
import { createServiceAuth, type KnownService } from '../../src/issuer/service-auth.ts'
import { serveToken, type TokenEndpointOptions, type WantedToken } from '../../src/issuer/token-endpoint.ts'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import { createCookies } from '../../src/session/session-cookie.ts'
import { createInternalTokens } from '../../src/tokens/internal-token.ts'
import { type Beneficiary, type InternalCredential, ownerOf } from '../../src/tokens/obtained.ts'
import { createSigningKeys } from '../../src/tokens/signing-keys.ts'
import { createCredentialBench } from './credentials.ts'

export const PUBLIC_URL = 'https://app.example'
export const SECRET = 'agent secret: 100%+'
export const COOKIES = createCookies({
  publicUrl: PUBLIC_URL,
  prefix: '__Host-Http-',
  name: 'doorman',
  realm: null,
  sameSite: 'Lax',
})

export const AGENT: InternalCredential = {
  kind: 'internal',
  audience: 'agent',
  roles: 'all',
  clientRoles: [],
  claims: [],
}

export type Fields = Readonly<Record<string, string>>

/** RFC 6749 section 2.3.1. */
export function basic(name: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${encode(name)}:${encode(secret)}`).toString('base64')}`
}

export type TokenBench = Awaited<ReturnType<typeof createTokenBench>>

export async function createTokenBench() {
  const bench = createCredentialBench()
  const ring = [{ id: '0011223344556677', secret: randomBytes(32) }]
  const bus = createEvents()
  const told: GatewayEvent[] = []
  bus.subscribe((event) => told.push(event))
  const keys = createSigningKeys({
    store: bench.store,
    sealer: createSealer({ keys: () => ring, reload() {} }, 'signing-keys'),
    algorithm: 'ES256',
    pollSeconds: 100_000,
    events: bus,
  })
  await keys.start()
  await keys.close()
  const now = bench.clock.now
  const tokens = createInternalTokens({ issuer: PUBLIC_URL, lifeSeconds: 60, keys, now })
  const signer = await generateKeyPair('ES256', { extractable: true })
  const key = createPublicKey({ key: { ...(await exportJWK(signer.publicKey)) }, format: 'jwk' })
  const services: readonly KnownService[] = [
    { name: 'agent', proof: { kind: 'secret', secret: SECRET }, audiences: ['agent'] },
    { name: 'feed', proof: { kind: 'secret', secret: 'feed secret' }, audiences: ['feed'] },
    { name: 'signer', proof: { kind: 'publicKey', key, algorithm: 'ES256' }, audiences: ['agent'] },
  ]
  const authenticate = createServiceAuth({
    services: new Map(services.map((service) => [service.name, service])),
    publicUrl: PUBLIC_URL,
    store: bench.store,
    now,
  })
  const optionsFor = (realm: string, changes: Partial<TokenEndpointOptions> = {}): TokenEndpointOptions => ({
    wanted: { kind: 'realm', realm },
    callers: ['agent', 'signer'],
    obtain: (live) => bench.credentials.obtainSecondRealmToken(realm, ownerOf(live)),
    authenticate,
    subjectTokens: { keys, issuer: PUBLIC_URL, now },
    sessions: bench.lifecycle,
    credentials: bench.credentials,
    cookies: COOKIES,
    events: bus,
    ...changes,
  })

  return {
    ...bench,
    keys,
    told,
    bus,
    optionsFor,
    async mint(who: Beneficiary, credential = AGENT): Promise<string> {
      return (await tokens.mint(who, credential, null)).token.accessToken
    },
    /** An assertion of `signer`, with what a test changes. */
    assertion(claims: JWTPayload = {}, header: Readonly<Record<string, string>> = {}): Promise<string> {
      const issuedAt = Math.floor(now())
      const usual = {
        iss: 'signer',
        sub: 'signer',
        aud: PUBLIC_URL,
        exp: issuedAt + 60,
        jti: randomBytes(9).toString('hex'),
      }
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(signer.privateKey)
    },
    async ask(
      fields: Fields,
      headers: Readonly<Record<string, string>> = { authorization: basic('agent', SECRET) },
      options = optionsFor('models'),
    ): Promise<Reply> {
      return serveToken(
        buildRequest(`/auth/token/${pathOf(options.wanted)}`, headers),
        async () => new Map(Object.entries(fields)),
        options,
      )
    },
  }
}

function pathOf(wanted: WantedToken): string {
  return wanted.kind === 'realm' ? wanted.realm : `services/${wanted.service}`
}

export function buildRequest(url: string, headers: Readonly<Record<string, string>>, method = 'POST'): GatewayRequest {
  const { pathname, search } = new URL(url, PUBLIC_URL)
  return { id: 'request-1', method, path: pathname, search, headers, clientAddress: '192.0.2.1' }
}
