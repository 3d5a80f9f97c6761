import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObtainResult, RefreshResult } from '../../src/realm/relying-party.ts'
import type { Credential, Obtained } from '../../src/tokens/obtained.ts'
import { bearerBeneficiary, beneficiaryOf, createCredentialBench, settled, tokenOf } from '../support/credentials.ts'
import { buildTokens } from '../support/sessions.ts'

const BILLING: Credential = { kind: 'exchange', audience: 'billing', scopes: ['billing-audience'] }
const REPORTS: Credential = { kind: 'exchange', audience: 'reports', scopes: [] }
const DEAD: ObtainResult = { kind: 'subject-dead' }

const refreshed: RefreshResult = {
  kind: 'refreshed',
  tokens: buildTokens({ accessToken: 'access-token-2', refreshToken: 'refresh-token-2', accessTokenExpiresAt: 2000 }),
  claims: null,
  roles: { realmRoles: ['admin'], clientRoles: {} },
  accessClaims: {},
}

function header(obtained: Obtained | Promise<Obtained>): string | null {
  assert.ok('kind' in obtained, 'not at once')
  assert.equal(obtained.kind, 'obtained')
  return obtained.kind === 'obtained' ? obtained.authorization : null
}

test('a token for one audience is exchanged once, with its scopes, and at hand from then on', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('for-billing', 1050))
  const { who } = await open()
  assert.deepEqual(await credentials.obtain(BILLING, who, null), {
    kind: 'obtained',
    authorization: 'Bearer for-billing',
  })
  assert.equal(header(credentials.obtain(BILLING, who, null)), 'Bearer for-billing')
  assert.deepEqual(realm('main').exchanged, [
    { subjectToken: 'access-token-1', audience: 'billing', scopes: ['billing-audience'] },
  ])
})

test('routes with the same audience and scopes share a token; others do not', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('for-billing', 1050), tokenOf('for-reports', 1050), tokenOf('unscoped', 1050))
  const { who } = await open()
  await credentials.obtain(BILLING, who, null)
  assert.equal(header(credentials.obtain({ ...BILLING }, who, null)), 'Bearer for-billing')
  await credentials.obtain(REPORTS, who, null)
  await credentials.obtain({ kind: 'exchange', audience: 'billing', scopes: [] }, who, null)
  assert.equal(header(credentials.obtain(REPORTS, who, null)), 'Bearer for-reports')
  assert.deepEqual(
    realm('main').exchanged.map(({ audience, scopes }) => [audience, ...scopes]),
    [['billing', 'billing-audience'], ['reports'], ['billing']],
  )
})

test('nobody is given the token of somebody else', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('first', 1050), tokenOf('second', 1050), tokenOf('bearer', 1050))
  const [one, other] = [await open(), await open()]
  await credentials.obtain(BILLING, one.who, null)
  await credentials.obtain(BILLING, other.who, null)
  await credentials.obtain(BILLING, bearerBeneficiary(), null)
  assert.equal(header(credentials.obtain(BILLING, one.who, null)), 'Bearer first')
  assert.equal(header(credentials.obtain(BILLING, other.who, null)), 'Bearer second')
})

test('twenty requests at once exchange once', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('for-billing', 1050))
  const { who } = await open()
  const all = await Promise.all(Array.from({ length: 20 }, () => credentials.obtain(BILLING, who, null)))
  assert.deepEqual(new Set(all.map(header)), new Set(['Bearer for-billing']))
})

test('an exchanged token is not used beyond the end of the token it was exchanged for', async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('for-billing', 9000), { kind: 'unavailable', because: '503', retryAfterSeconds: 2 })
  const { who } = await open()
  await credentials.obtain(BILLING, who, null)
  clock.advance(58)
  assert.equal(header(credentials.obtain(BILLING, who, null)), 'Bearer for-billing')
  clock.advance(1)
  const late = await credentials.obtain(BILLING, who, null)
  assert.equal(late.kind === 'refused' && late.code, 'ERR_CREDENTIAL_UNAVAILABLE')
})

test('an exchanged token that ends sooner is renewed ahead, in the background', async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('a', 1030), tokenOf('b', 1055))
  const { who } = await open()
  await credentials.obtain(BILLING, who, null)
  clock.advance(21)
  assert.equal(header(credentials.obtain(BILLING, who, null)), 'Bearer a')
  await settled()
  assert.equal(header(credentials.obtain(BILLING, who, null)), 'Bearer b')
})

test('after a refresh nothing that was obtained before it is used', async () => {
  const { clock, credentials, refresher, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('as-user', 1055), tokenOf('as-admin', 1900))
  realm('main').onRefresh(refreshed)
  const { live, who } = await open()
  await credentials.obtain(BILLING, who, null)
  clock.advance(45)
  const outcome = await refresher.refresh(live)
  assert.ok(outcome.kind === 'fresh')
  const again = await credentials.obtain(BILLING, beneficiaryOf(outcome.live), null)
  assert.equal(header(again), 'Bearer as-admin')
  assert.equal(realm('main').exchanged[1]?.subjectToken, 'access-token-2')
})

test('a subject token the realm calls dead is renewed, and exchanged once more', async () => {
  const { credentials, lifecycle, realm, open } = createCredentialBench()
  realm('main').onExchange(DEAD, tokenOf('for-billing', 1900))
  realm('main').onRefresh(refreshed)
  const { sessionId, who } = await open()
  assert.equal(header(await credentials.obtain(BILLING, who, null)), 'Bearer for-billing')
  assert.deepEqual(
    realm('main').exchanged.map(({ subjectToken }) => subjectToken),
    ['access-token-1', 'access-token-2'],
  )
  const found = await lifecycle.find(sessionId)
  assert.equal(found.kind === 'active' && found.live.session.tokens.accessToken, 'access-token-2')
})

test('two audiences that find the subject token dead at once renew it once', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(DEAD, DEAD, tokenOf('a', 1900), tokenOf('b', 1900))
  realm('main').onRefresh(refreshed)
  const { who } = await open()
  const both = [credentials.obtain(BILLING, who, null), credentials.obtain(REPORTS, who, null)]
  assert.deepEqual(new Set((await Promise.all(both)).map(header)), new Set(['Bearer a', 'Bearer b']))
  const subjectTokens = realm('main').exchanged.map(({ subjectToken }) => subjectToken)
  assert.deepEqual(subjectTokens, ['access-token-1', 'access-token-1', 'access-token-2', 'access-token-2'])
  assert.equal(realm('main').refreshed.length, 1)
})

test('a subject token that another process has renewed already is taken from the record', async () => {
  const { clock, credentials, realm, startReplica, open } = createCredentialBench()
  realm('main').onExchange(DEAD, tokenOf('for-billing', 1900))
  realm('main').onRefresh(refreshed)
  const { sessionId, who } = await open()
  const other = startReplica('two')
  const found = await other.lifecycle.find(sessionId)
  assert.ok(found.kind === 'active')
  await other.refresher.refreshNow(found.live, 10)
  clock.advance(11)
  assert.equal(header(await credentials.obtain(BILLING, who, null)), 'Bearer for-billing')
  assert.equal(realm('main').exchanged[1]?.subjectToken, 'access-token-2')
  assert.equal(realm('main').refreshed.length, 1)
})

test('a dead subject token whose refresh is rejected ends the session, and says so', async () => {
  const { credentials, lifecycle, realm, open } = createCredentialBench()
  realm('main').onExchange(DEAD)
  realm('main').onRefresh({ kind: 'rejected', because: 'invalid_grant', isEnd: true })
  const { sessionId, who } = await open()
  const obtained = await credentials.obtain(BILLING, who, null)
  assert.equal(obtained.kind === 'refused' && obtained.code, 'ERR_TOKEN_REFRESH_REJECTED')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('a realm that calls even its newest token dead is asked no third time, and the session stays', async () => {
  const { credentials, lifecycle, realm, open } = createCredentialBench()
  realm('main').onExchange(DEAD, DEAD)
  realm('main').onRefresh(refreshed)
  const { sessionId, who } = await open()
  const obtained = await credentials.obtain(BILLING, who, null)
  assert.equal(obtained.kind === 'refused' && obtained.code, 'ERR_CREDENTIAL_UNAVAILABLE')
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})

test('a refresh that the realm cannot answer is a 503 with its pause', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(DEAD)
  realm('main').onRefresh({ kind: 'unavailable', because: '503', mayRepeat: false, retryAfterSeconds: 4 })
  const { who } = await open()
  const obtained = await credentials.obtain(BILLING, who, null)
  assert.deepEqual(obtained.kind === 'refused' && [obtained.code, obtained.retryAfterSeconds], [
    'ERR_TOKEN_REFRESH_UNAVAILABLE',
    4,
  ])
})

test('a bearer token the realm calls dead is invalid, and nobody renews it', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('main').onExchange(DEAD)
  const obtained = await credentials.obtain(BILLING, bearerBeneficiary(), null)
  assert.equal(obtained.kind === 'refused' && obtained.code, 'ERR_BEARER_INVALID')
  assert.equal(realm('main').refreshed.length, 0)
})

const REFUSALS = [
  { blame: 'forbidden', code: 'ERR_CREDENTIAL_FORBIDDEN' },
  { blame: 'misconfigured', code: 'ERR_CREDENTIAL_REFUSED' },
] as const

for (const { blame, code } of REFUSALS) {
  test(`an exchange refused as ${blame} is told with its reason, asked for once, and the session stays`, async () => {
    const { credentials, lifecycle, events, realm, open } = createCredentialBench()
    realm('main').onExchange({ kind: 'refused', blame, because: 'no client billing' })
    const { sessionId, live, who } = await open()
    const refusal = { kind: 'refused', code, because: 'no client billing', retryAfterSeconds: 0 }
    assert.deepEqual(await credentials.obtain(BILLING, who, null), refusal)
    assert.deepEqual(credentials.obtain(BILLING, who, null), refusal)
    assert.equal((await lifecycle.find(sessionId)).kind, 'active')
    assert.deepEqual(
      events.filter((event) => event.kind === 'credential.obtained'),
      [
        {
          kind: 'credential.obtained',
          credential: 'exchange',
          realm: 'main',
          session: live.session.handle,
          outcome: 'refused',
          code,
          because: 'no client billing',
          seconds: 0,
        },
      ],
    )
  })
}

test('a realm in trouble is a 503 with its pause, and the session stays', async () => {
  const { credentials, lifecycle, realm, open } = createCredentialBench()
  realm('main').onExchange({ kind: 'unavailable', because: '503', retryAfterSeconds: null })
  const { sessionId, who } = await open()
  assert.deepEqual(await credentials.obtain(BILLING, who, null), {
    kind: 'refused',
    code: 'ERR_CREDENTIAL_UNAVAILABLE',
    because: '503',
    retryAfterSeconds: 1,
  })
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})
