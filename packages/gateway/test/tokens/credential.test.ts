import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import { type Credential, holdToken } from '../../src/tokens/obtained.ts'
import { bearerBeneficiary, createCredentialBench, tokenOf } from '../support/credentials.ts'
import { buildTokens } from '../support/sessions.ts'

const INTERNAL: Credential = { kind: 'internal', audience: 'agent', roles: 'all', clientRoles: [], claims: [] }

const refreshed: RefreshResult = {
  kind: 'refreshed',
  tokens: buildTokens({ accessToken: 'access-token-2', refreshToken: 'refresh-token-2', accessTokenExpiresAt: 2000 }),
  claims: null,
  roles: { realmRoles: [], clientRoles: {} },
  accessClaims: {},
}
const down: RefreshResult = { kind: 'unavailable', because: 'refused', mayRepeat: true, retryAfterSeconds: null }

test('tokens that are not due are given at once, without a promise', async () => {
  const { credentials, open } = createCredentialBench()
  const { live } = await open()
  assert.deepEqual(credentials.freshen(live), { kind: 'fresh', live })
})

test('a living token is used while it is renewed in the background', async () => {
  const { clock, credentials, refresher, realm, open } = createCredentialBench()
  const answer = Promise.withResolvers<RefreshResult>()
  realm('main').onRefresh(answer.promise)
  const { live } = await open()
  clock.advance(45)
  assert.deepEqual(credentials.freshen(live), { kind: 'fresh', live })
  answer.resolve(refreshed)
  await refresher.drain()
  assert.equal(realm('main').refreshed.length, 1)
})

for (const [says, answers, outcome] of [
  ['lives', [refreshed], 'fresh'],
  ['has ended', [{ kind: 'rejected', because: 'User disabled', isEnd: true }], 'ERR_TOKEN_REFRESH_REJECTED'],
  ['has lost its tokens', [{ kind: 'rejected', because: 'reuse', isEnd: false }], 'ERR_SESSION_LOST'],
  ['cannot be asked about', [down, down], 'fresh'],
] as const) {
  test(`where sessions are verified, one that ${says} is waited for though its token lives`, async () => {
    const { clock, credentials, realm, open } = createCredentialBench({ verifies: true })
    realm('main').onRefresh(...answers)
    const { live } = await open()
    clock.advance(45)
    const freshness = await credentials.freshen(live)
    assert.equal(freshness.kind === 'fresh' ? 'fresh' : freshness.code, outcome)
    assert.equal(realm('main').refreshed.length, answers.length)
  })
}

test('an expired token is never used: a realm that is down means 503', async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  realm('main').onRefresh(down, down)
  const { live } = await open()
  clock.advance(61)
  assert.deepEqual(await credentials.freshen(live), {
    kind: 'refused',
    code: 'ERR_TOKEN_REFRESH_UNAVAILABLE',
    retryAfterSeconds: 1,
  })
})

test('a token that has ended before its answer came is not used', async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  const { live } = await open()
  clock.advance(61)
  const tokens = buildTokens({ refreshToken: 'refresh-token-2', accessTokenExpiresAt: clock.now() - 1 })
  realm('main').onRefresh(Promise.resolve({ ...refreshed, tokens }))
  const freshness = await credentials.freshen(live)
  assert.equal(freshness.kind === 'refused' && freshness.code, 'ERR_TOKEN_REFRESH_UNAVAILABLE')
})

test("the person's own access token is the header that their session has ready", async () => {
  const { credentials, open } = createCredentialBench()
  const { live, who } = await open()
  assert.deepEqual(credentials.obtain({ kind: 'accessToken' }, who, null), {
    kind: 'obtained',
    authorization: live.authorization,
  })
})

test('a caller with a bearer token passes on that token', () => {
  const { credentials } = createCredentialBench()
  assert.deepEqual(credentials.obtain({ kind: 'accessToken' }, bearerBeneficiary(), null), {
    kind: 'obtained',
    authorization: 'Bearer bearer-token-1',
  })
})

test('"none" sends nothing, to anybody', async () => {
  const { credentials, open } = createCredentialBench()
  const { who } = await open()
  const nothing = { kind: 'obtained', authorization: null }
  assert.deepEqual(credentials.obtain({ kind: 'none' }, who, null), nothing)
  assert.deepEqual(credentials.obtain({ kind: 'none' }, null, null), nothing)
})

const MINTED = holdToken({ accessToken: 'minted', expiresAt: 1_900_000_000, scope: null })

test('an internal token is minted for this person, service and tenant', async () => {
  const asked: unknown[] = []
  const mint = (...question: unknown[]) => {
    asked.push(question)
    return MINTED
  }
  const { credentials, open } = createCredentialBench({ internalTokens: { mint } })
  const { who } = await open()
  assert.deepEqual(credentials.obtain(INTERNAL, who, 'acme'), { kind: 'obtained', authorization: 'Bearer minted' })
  assert.deepEqual(asked, [[who, INTERNAL, 'acme']])
})

test('an internal token that has to be signed first is waited for', async () => {
  const { credentials, open } = createCredentialBench({ internalTokens: { mint: async () => MINTED } })
  const { who } = await open()
  const obtained = await credentials.obtain(INTERNAL, who, null)
  assert.deepEqual(obtained, { kind: 'obtained', authorization: 'Bearer minted' })
})

const MINT_FAILURES = {
  'at once': () => {
    throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'no keys' })
  },
  later: async () => {
    throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'no keys' })
  },
}

for (const [when, mint] of Object.entries(MINT_FAILURES)) {
  test(`an internal token that cannot be minted is refused, never left out (${when})`, async () => {
    const { credentials, open } = createCredentialBench({ internalTokens: { mint } })
    const { who } = await open()
    assert.deepEqual(await credentials.obtain(INTERNAL, who, null), {
      kind: 'refused',
      code: 'ERR_SIGNING_KEYS_UNAVAILABLE',
      because: 'no keys',
      retryAfterSeconds: 1,
    })
  })
}

test('a fault in minting is thrown, not taken for a refusal', async () => {
  const fault = new TypeError('a mistake of ours')
  const { credentials, open } = createCredentialBench({ internalTokens: { mint: () => Promise.reject(fault) } })
  const { who } = await open()
  await assert.rejects(async () => credentials.obtain(INTERNAL, who, null), fault)
})

const NEEDS_SOMEBODY: readonly Credential[] = [
  INTERNAL,
  { kind: 'accessToken' },
  { kind: 'exchange', audience: 'billing', scopes: [] },
  { kind: 'realm', realm: 'models' },
  { kind: 'realm', realm: 'partner' },
]

for (const credential of NEEDS_SOMEBODY) {
  const what = credential.kind === 'realm' ? `realm ${credential.realm}` : credential.kind
  test(`nobody is given no credential in place of ${what}`, () => {
    const { credentials } = createCredentialBench()
    assert.throws(() => credentials.obtain(credential, null, null), TypeError)
  })
}

test('for nobody the service account of the login realm speaks, and the client of a second realm', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('main').onClientToken(tokenOf('service-token', 2000))
  realm('batch').onClientToken(tokenOf('batch-token', 2000))
  assert.deepEqual(await credentials.obtain({ kind: 'serviceAccount', scopes: [] }, null, null), {
    kind: 'obtained',
    authorization: 'Bearer service-token',
  })
  assert.deepEqual(await credentials.obtain({ kind: 'realm', realm: 'batch' }, null, null), {
    kind: 'obtained',
    authorization: 'Bearer batch-token',
  })
})
