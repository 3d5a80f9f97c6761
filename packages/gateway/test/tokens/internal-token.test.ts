import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createGuard } from '@doorman/resource-server'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { type ErrorCode, isGatewayError } from '../../src/kernel/errors.ts'
import { createInternalTokens, type InternalTokens } from '../../src/tokens/internal-token.ts'
import type { Beneficiary, HeldToken, InternalCredential } from '../../src/tokens/obtained.ts'
import { retireSigningKey, rotateSigningKey } from '../../src/tokens/signing-key-administration.ts'
import type { SigningAlgorithm } from '../../src/tokens/signing-key-ring.ts'
import type { SigningKeys } from '../../src/tokens/signing-keys.ts'
import { createKeyedReplicas, type KeyedReplicas } from '../support/signing-keys.ts'

const ISSUER = 'https://app.example'
const LIFE = 60

function credentialFor(audience: string, changes: Partial<InternalCredential> = {}): InternalCredential {
  return { kind: 'internal', audience, roles: 'all', clientRoles: [], claims: [], ...changes }
}

const AGENT = credentialFor('agent')

const PERSON: Readonly<Record<string, unknown>> = {
  email: 'alice@example.com',
  acr: 'gold',
  tenant: 'of the person',
  iss: 'https://evil.example',
  aud: 'everything',
  nonce: 'n',
  cnf: { jkt: 'x' },
  events: {},
}

function buildPerson(changes: Partial<Beneficiary> = {}): Beneficiary {
  return {
    realm: 'main',
    issuer: 'https://sso.example/realms/main',
    subject: 'alice-id',
    clientId: 'web-gateway',
    handle: 'handle-1',
    realmRoles: ['admin', 'user', 'offline_access', 'uma_authorization', 'default-roles-main'],
    clientRoles: { billing: ['read', 'write'], account: ['view-profile'] },
    claim: (name) => PERSON[name],
    accessToken: 'own-access-token',
    accessTokenExpiresAt: 1_900_000_000,
    live: null,
    anchor: {},
    ...changes,
  }
}

const opened: SigningKeys[] = []
after(() => Promise.all(opened.map((keys) => keys.close())))

interface Stage {
  readonly all: KeyedReplicas
  readonly keys: SigningKeys
  readonly tokens: InternalTokens
  /** How often something was signed. */
  signed(): number
}

async function openStage(algorithm: SigningAlgorithm = 'ES256'): Promise<Stage> {
  const all = createKeyedReplicas()
  const { keys } = all.replica({ algorithm })
  opened.push(keys)
  await keys.start()
  let signed = 0
  const counting = {
    ...keys,
    signing() {
      signed++
      return keys.signing()
    },
  }
  const tokens = createInternalTokens({ issuer: ISSUER, lifeSeconds: LIFE, keys: counting, now: all.clock.now })
  return { all, keys, tokens, signed: () => signed }
}

function bare({ token, header }: HeldToken): string {
  const { accessToken } = token
  assert.equal(header.authorization, `Bearer ${accessToken}`)
  assert.equal(token.expiresAt, decodeJwt(accessToken).exp)
  return accessToken
}

async function mintClaims({ tokens }: Stage, person = buildPerson(), credential = AGENT, tenant: string | null = null) {
  return decodeJwt(bare(await tokens.mint(person, credential, tenant)))
}

/** What is given once a renewal in the background has ended. */
async function awaitOther(mint: () => HeldToken | Promise<HeldToken>, old: HeldToken): Promise<HeldToken> {
  for (let round = 0; round < 100_000; round++) {
    const given = mint()
    if (given !== old) return given
    await new Promise(setImmediate)
  }
  throw new Error('the old one is given for ever')
}

function failsWith(code: ErrorCode) {
  return (error: unknown) => isGatewayError(error, code)
}

describe('what a token says', () => {
  test('its header names its kind, an asymmetric algorithm and a published key', async () => {
    const stage = await openStage('RS256')
    const header = decodeProtectedHeader(bare(await stage.tokens.mint(buildPerson(), AGENT, null)))
    assert.deepEqual(header, { alg: 'RS256', typ: 'at+jwt', kid: stage.keys.signing()?.kid })
  })

  test('it names issuer, one audience, subject, handle, client, its own id, and ends after its life', async () => {
    const stage = await openStage()
    const { jti, ...claims } = await mintClaims(stage, buildPerson(), AGENT, 'acme')
    const now = stage.all.clock.now()
    assert.deepEqual(claims, {
      iss: ISSUER,
      aud: 'agent',
      sub: 'alice-id',
      realm: 'main',
      sid: 'handle-1',
      roles: ['admin', 'user'],
      tenant: 'acme',
      client_id: 'web-gateway',
      iat: now,
      exp: now + LIFE,
    })
    assert.match(String(jti), /^[\w-]{22}$/)
  })

  test('every token has an id of its own', async () => {
    const stage = await openStage()
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await mintClaims(stage)).jti))
    assert.equal(new Set(ids).size, 20)
  })

  test('a caller with a bearer token has no handle, and no token beyond the end of theirs', async () => {
    const stage = await openStage()
    const now = stage.all.clock.now()
    const caller = buildPerson({ handle: null, accessTokenExpiresAt: now + 20 })
    const { sid, exp } = await mintClaims(stage, caller)
    assert.deepEqual([sid, exp], [undefined, now + 20])
    const long = await mintClaims(stage, buildPerson({ handle: null, accessTokenExpiresAt: now + 600 }))
    assert.equal(long.exp, now + LIFE)
  })

  test('without a decided tenant there is none, whatever the claims of the person', async () => {
    const stage = await openStage()
    const claims = await mintClaims(stage, buildPerson(), credentialFor('agent', { claims: ['tenant'] }))
    assert.equal('tenant' in claims, false)
  })

  test('roles and roles of clients are those the service declares', async () => {
    const stage = await openStage()
    const credential = credentialFor('agent', { roles: ['user', 'auditor'], clientRoles: ['billing', 'toString'] })
    const claims = await mintClaims(stage, buildPerson(), credential)
    assert.deepEqual(claims.roles, ['user'])
    assert.deepEqual(claims.client_roles, { billing: ['read', 'write'] })
  })

  test('claims are told by name and never in place of what the token says of itself', async () => {
    const stage = await openStage()
    const credential = credentialFor('agent', { claims: ['absent', ...Object.keys(PERSON)] })
    const claims = await mintClaims(stage, buildPerson(), credential, 'acme')
    assert.deepEqual([claims.email, claims.acr], ['alice@example.com', 'gold'])
    assert.deepEqual([claims.iss, claims.aud, claims.tenant], [ISSUER, 'agent', 'acme'])
    for (const name of ['absent', 'nonce', 'cnf', 'events']) assert.equal(name in claims, false, name)
  })
})

describe('who gets none', () => {
  for (const [whom, changes] of [
    ['a caller without a subject (Oathkeeper #669)', { subject: '' }],
    ['a caller whose token names no client', { clientId: null }],
    ['a caller whose token names an empty client', { clientId: '' }],
  ] as const) {
    test(whom, async () => {
      const { tokens } = await openStage()
      const minted = async () => tokens.mint(buildPerson(changes), AGENT, null)
      await assert.rejects(minted, failsWith('ERR_CREDENTIAL_FORBIDDEN'))
    })
  }

  test('a person with five hundred roles, unless the service filters them', async () => {
    const { tokens } = await openStage()
    const realmRoles = Array.from({ length: 500 }, (_, index) => `some-role-of-a-person-${index}`)
    const person = buildPerson({ realmRoles })
    const error = await Promise.resolve(tokens.mint(person, AGENT, null)).catch((cause: unknown) => cause)
    assert.ok(isGatewayError(error, 'ERR_CREDENTIAL_TOO_LARGE'))
    assert.equal(error.detail.audience, 'agent')
    assert.ok(Number(error.detail.bytes) > 6144)
    assert.ok(!JSON.stringify(error.detail).includes('some-role'))
    const filtered = await tokens.mint(person, credentialFor('agent', { roles: ['some-role-of-a-person-7'] }), null)
    assert.deepEqual(decodeJwt(bare(filtered)).roles, ['some-role-of-a-person-7'])
  })

  test('anybody, before there is a key', async () => {
    const all = createKeyedReplicas()
    const { keys } = all.replica()
    const tokens = createInternalTokens({ issuer: ISSUER, lifeSeconds: LIFE, keys, now: all.clock.now })
    const minted = async () => tokens.mint(buildPerson(), AGENT, null)
    await assert.rejects(minted, failsWith('ERR_SIGNING_KEYS_UNAVAILABLE'))
  })
})

describe('a warm token', () => {
  test('is given at once and nothing is signed', async () => {
    const stage = await openStage()
    const person = buildPerson()
    const first = await stage.tokens.mint(person, AGENT, null)
    for (let request = 0; request < 1000; request++) assert.equal(stage.tokens.mint(person, AGENT, null), first)
    assert.equal(stage.signed(), 1)
  })

  test('is signed once for all who wait for it', async () => {
    const stage = await openStage()
    const person = buildPerson()
    const minted = await Promise.all(Array.from({ length: 50 }, () => stage.tokens.mint(person, AGENT, null)))
    assert.deepEqual([new Set(minted).size, stage.signed()], [1, 1])
  })

  test('is renewed in the background before half its life has gone, the old one being given meanwhile', async () => {
    const stage = await openStage()
    const person = buildPerson()
    const first = await stage.tokens.mint(person, AGENT, null)
    stage.all.clock.advance(LIFE * 0.4)
    assert.equal(stage.tokens.mint(person, AGENT, null), first)
    assert.equal(stage.signed(), 1)
    stage.all.clock.advance(LIFE * 0.09)
    for (let request = 0; request < 10; request++) assert.equal(stage.tokens.mint(person, AGENT, null), first)
    const second = await awaitOther(() => stage.tokens.mint(person, AGENT, null), first)
    assert.equal(stage.tokens.mint(person, AGENT, null), second)
    assert.equal(stage.signed(), 2)
    assert.ok(Number(decodeJwt(bare(second)).exp) > Number(decodeJwt(bare(first)).exp))
  })

  test('is not given close to its end', async () => {
    const stage = await openStage()
    const person = buildPerson()
    const first = await stage.tokens.mint(person, AGENT, null)
    stage.all.clock.advance(LIFE - 5)
    const second = stage.tokens.mint(person, AGENT, null)
    assert.ok(second instanceof Promise)
    assert.notEqual(await second, first)
  })

  test('that ends with the caller’s own is not renewed before', async () => {
    const stage = await openStage()
    const caller = buildPerson({ handle: null, accessTokenExpiresAt: stage.all.clock.now() + 40 })
    const first = await stage.tokens.mint(caller, AGENT, null)
    stage.all.clock.advance(39)
    assert.equal(stage.tokens.mint(caller, AGENT, null), first)
    assert.equal(stage.signed(), 1)
  })

  test('belongs to one state of a session: with other roles comes another token', async () => {
    const stage = await openStage()
    assert.deepEqual((await mintClaims(stage, buildPerson())).roles, ['admin', 'user'])
    assert.deepEqual((await mintClaims(stage, buildPerson({ realmRoles: ['user'] }))).roles, ['user'])
  })

  test('is forgotten beyond sixty-four of one person, and made again', async () => {
    const stage = await openStage()
    const person = buildPerson()
    for (let tenant = 0; tenant < 65; tenant++) await stage.tokens.mint(person, AGENT, `tenant-${tenant}`)
    assert.ok('token' in stage.tokens.mint(person, AGENT, 'tenant-64'))
    assert.ok('token' in stage.tokens.mint(person, AGENT, 'tenant-1'))
    const first = stage.tokens.mint(person, AGENT, 'tenant-0')
    assert.ok(first instanceof Promise)
    assert.equal(decodeJwt(bare(await first)).tenant, 'tenant-0')
  })
})

test('one person between two tenants and two filters, a thousand times, never gets the wrong token', async () => {
  const stage = await openStage()
  const person = buildPerson()
  const filters = [AGENT, credentialFor('agent', { roles: [] }), credentialFor('reports')]
  for (let request = 0; request < 1000; request++) {
    const tenant = request % 2 === 0 ? 'acme' : 'globex'
    const credential = filters[request % 3]!
    const claims = await mintClaims(stage, person, credential, tenant)
    assert.deepEqual([claims.tenant, claims.aud], [tenant, credential.audience])
    assert.deepEqual(claims.roles, credential.roles === 'all' ? ['admin', 'user'] : [])
    stage.all.clock.advance(0.5)
  }
  assert.ok(stage.signed() < 200)
})

describe('after a change of the signing keys', () => {
  test('the next token is signed by the key that has taken over (Oathkeeper #763)', async () => {
    const stage = await openStage()
    const { incoming } = await rotateSigningKey(stage.all, 'ES256')
    await stage.keys.reload()
    stage.all.clock.advance(330)
    const minted = await stage.tokens.mint(buildPerson(), AGENT, null)
    assert.equal(decodeProtectedHeader(bare(minted)).kid, incoming.kid)
  })

  test('a warm token of a rotated key is given until it is renewed, and verifies all its life', async () => {
    const stage = await openStage()
    const person = buildPerson()
    await rotateSigningKey(stage.all, 'ES256')
    await stage.keys.reload()
    stage.all.clock.advance(329)
    const old = await stage.tokens.mint(person, AGENT, null)
    stage.all.clock.advance(2)
    assert.equal(stage.tokens.mint(person, AGENT, null), old)
    stage.all.clock.advance(LIFE - 3)
    const currentDate = new Date(stage.all.clock.now() * 1000)
    await jwtVerify(bare(old), createLocalJWKSet(stage.keys.keySet()), { issuer: ISSUER, currentDate })
  })

  test('a warm token of a key retired at once is not given any more (Oathkeeper #763)', async () => {
    const stage = await openStage()
    const person = buildPerson()
    const old = await stage.tokens.mint(person, AGENT, null)
    const { kid = '' } = decodeProtectedHeader(bare(old))
    const outcome = await retireSigningKey(stage.all, { kid, atOnce: true, algorithm: 'ES256' })
    await stage.keys.reload()
    const minted = await stage.tokens.mint(person, AGENT, null)
    assert.ok(outcome.kind === 'retired')
    assert.equal(decodeProtectedHeader(bare(minted)).kid, outcome.successor.kid)
    await assert.rejects(jwtVerify(bare(old), createLocalJWKSet(stage.keys.keySet())))
  })
})

for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
  describe(`a token signed by ${algorithm}`, () => {
    let stage: Stage
    let token: string
    before(async () => {
      stage = await openStage(algorithm)
      token = bare(await stage.tokens.mint(buildPerson(), credentialFor('agent', { clientRoles: ['billing'] }), 'acme'))
    })

    test('is verified by a plain JWT library and the key set', async () => {
      const { payload } = await jwtVerify(token, createLocalJWKSet(stage.keys.keySet()), {
        issuer: ISSUER,
        audience: 'agent',
        typ: 'at+jwt',
        currentDate: new Date(stage.all.clock.now() * 1000),
        requiredClaims: ['sub', 'sid', 'client_id', 'jti', 'iat', 'exp'],
      })
      assert.equal(payload.sub, 'alice-id')
    })

    function guardOf(audience: string) {
      const fetch = async () => Response.json(stage.keys.keySet())
      return createGuard({
        gateway: { issuer: ISSUER, jwksUrl: `${ISSUER}/.well-known/jwks.json` },
        audience,
        now: stage.all.clock.now,
        fetch,
      })
    }

    test('tells the guard of its audience who is calling', async () => {
      const caller = await guardOf('agent').verify(token)
      const { kind, subject, sessionId, roles, clientRoles, tenant, clientId } = caller
      assert.deepEqual(
        { kind, subject, sessionId, roles, clientRoles, tenant, clientId },
        {
          kind: 'internal',
          subject: 'alice-id',
          sessionId: 'handle-1',
          roles: ['admin', 'user'],
          clientRoles: { billing: ['read', 'write'] },
          tenant: 'acme',
          clientId: 'web-gateway',
        },
      )
    })

    test('is refused by the guard of another audience', async () => {
      await assert.rejects(guardOf('reports').verify(token))
    })
  })
}
