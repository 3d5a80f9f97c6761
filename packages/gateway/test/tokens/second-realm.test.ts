import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import type { SecondLogin } from '../../src/session/session.ts'
import { sidIndex } from '../../src/session/session-id.ts'
import type { Credential, Obtained } from '../../src/tokens/obtained.ts'
import { storeSecondLogin } from '../../src/tokens/second-login.ts'
import {
  bearerBeneficiary,
  beneficiaryOf,
  type CredentialBench,
  createCredentialBench,
  settled,
  tokenOf,
} from '../support/credentials.ts'
import { buildTokens } from '../support/sessions.ts'

const BATCH: Credential = { kind: 'realm', realm: 'batch' }
const MODELS: Credential = { kind: 'realm', realm: 'models' }
const PARTNER: Credential = { kind: 'realm', realm: 'partner' }
const DOWN: RefreshResult = { kind: 'unavailable', because: '503', mayRepeat: false, retryAfterSeconds: 3 }

function headerOf(authorization: string): Obtained {
  return { kind: 'obtained', authorization }
}

function codeOf(obtained: Obtained): string {
  return obtained.kind === 'refused' ? obtained.code : obtained.kind
}

test('clientCredentials: one token of our client there serves everybody, with the scopes of that realm', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('batch').onClientToken(tokenOf('batch-token', 1300))
  const { who } = await open()
  await credentials.obtain(BATCH, null, null)
  assert.deepEqual(credentials.obtain(BATCH, who, null), headerOf('Bearer batch-token'))
  assert.deepEqual(realm('batch').requested, [['infer']])
})

test('jwtGrant: a token exchanged for the second realm is presented there', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050))
  realm('models').onAssertion(tokenOf('models-token', 1060))
  const { who } = await open()
  assert.deepEqual(await credentials.obtain(MODELS, who, null), headerOf('Bearer models-token'))
  assert.deepEqual(credentials.obtain(MODELS, who, null), headerOf('Bearer models-token'))
  assert.deepEqual(realm('main').exchanged, [
    { subjectToken: 'access-token-1', audience: 'https://sso.example/realms/models', scopes: ['models-realm'] },
  ])
  assert.deepEqual(realm('models').assertions, ['assertion-1'])
})

test('jwtGrant: each assertion is used once, and the token is renewed when due', async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050), tokenOf('assertion-2', 1080))
  realm('models').onAssertion(tokenOf('a', 1060), tokenOf('b', 1120))
  const { who } = await open()
  await credentials.obtain(MODELS, who, null)
  clock.advance(41)
  assert.deepEqual(credentials.obtain(MODELS, who, null), headerOf('Bearer a'))
  await settled()
  assert.deepEqual(credentials.obtain(MODELS, who, null), headerOf('Bearer b'))
  assert.deepEqual(realm('models').assertions, ['assertion-1', 'assertion-2'])
})

test("jwtGrant: the token lives on beyond the person's own access token", async () => {
  const { clock, credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050))
  realm('models').onAssertion(tokenOf('models-token', 1600))
  const { who } = await open()
  await credentials.obtain(MODELS, who, null)
  clock.advance(100)
  assert.deepEqual(credentials.obtain(MODELS, who, null), headerOf('Bearer models-token'))
})

test('jwtGrant: an assertion that was used before is replaced by a new one, once', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050), tokenOf('assertion-2', 1050))
  realm('models').onAssertion({ kind: 'subject-dead' }, tokenOf('models-token', 1060))
  const { who } = await open()
  assert.deepEqual(await credentials.obtain(MODELS, who, null), headerOf('Bearer models-token'))
  assert.deepEqual(realm('models').assertions, ['assertion-1', 'assertion-2'])
})

test('jwtGrant: a realm that takes no assertion for new is not asked a third time', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050), tokenOf('assertion-2', 1050))
  realm('models').onAssertion({ kind: 'subject-dead' }, { kind: 'subject-dead' })
  const { who } = await open()
  assert.equal(codeOf(await credentials.obtain(MODELS, who, null)), 'ERR_CREDENTIAL_UNAVAILABLE')
})

test('jwtGrant: somebody who is not linked there is forbidden, and keeps their session', async () => {
  const { credentials, lifecycle, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050))
  realm('models').onAssertion({ kind: 'refused', blame: 'forbidden', because: 'not linked' })
  const { sessionId, who } = await open()
  assert.equal(codeOf(await credentials.obtain(MODELS, who, null)), 'ERR_CREDENTIAL_FORBIDDEN')
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})

test('jwtGrant: what the first realm refuses never reaches the second', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange({ kind: 'refused', blame: 'misconfigured', because: 'no such audience' })
  const { who } = await open()
  assert.equal(codeOf(await credentials.obtain(MODELS, who, null)), 'ERR_CREDENTIAL_REFUSED')
  assert.equal(realm('models').assertions.length, 0)
})

test('jwtGrant: another session of the same person is granted its own token', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050), tokenOf('assertion-2', 1050))
  realm('models').onAssertion(tokenOf('a', 1300), tokenOf('b', 1300))
  const [one, other] = [await open(), await open()]
  await credentials.obtain(MODELS, one.who, null)
  assert.deepEqual(await credentials.obtain(MODELS, other.who, null), headerOf('Bearer b'))
})

test('a token of a second realm is given with its end and scope to who asks for it by name', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onExchange(tokenOf('assertion-1', 1050))
  realm('models').onAssertion(tokenOf('models-token', 1060, 'infer'))
  const { who } = await open()
  const holding = await credentials.obtainSecondRealmToken('models', who)
  assert.deepEqual(holding.kind === 'token' && holding.token, {
    accessToken: 'models-token',
    expiresAt: 1060,
    scope: 'infer',
  })
})

test('a realm that is no second one is a mistake of ours', async () => {
  const { credentials, open } = createCredentialBench()
  const { who } = await open()
  assert.throws(() => credentials.obtain({ kind: 'realm', realm: 'main' }, who, null), TypeError)
  assert.throws(() => credentials.obtain({ kind: 'realm', realm: 'constructor' }, who, null), TypeError)
})

function buildLogin(changes: Partial<SecondLogin> = {}): SecondLogin {
  return {
    issuer: 'https://sso.example/realms/partner',
    subject: 'alice-at-partner',
    tokens: buildTokens({ accessToken: 'partner-1', refreshToken: 'partner-refresh-1' }),
    scope: 'openid',
    refreshDueAt: 1040,
    ...changes,
  }
}

/** Renewed at 1050 and later, and alive until 2000. */
const RENEWED: RefreshResult = {
  kind: 'refreshed',
  tokens: buildTokens({ accessToken: 'partner-2', refreshToken: 'partner-refresh-2', accessTokenExpiresAt: 2000 }),
  claims: null,
  roles: { realmRoles: ['partner-admin'], clientRoles: {} },
  accessClaims: { scope: 'openid infer' },
}

/** A session of alice, logged in at the second realm as well. */
async function openTwice(bench: CredentialBench, login = buildLogin()) {
  const { sessionId, live } = await bench.open()
  assert.equal(await storeSecondLogin(live, 'partner', login, bench.lifecycle), true)
  return { sessionId, live: await findLive(bench, sessionId) }
}

async function findLive(bench: Pick<CredentialBench, 'lifecycle'>, sessionId: string): Promise<LiveSession> {
  const found = await bench.lifecycle.find(sessionId)
  assert.ok(found.kind === 'active')
  return found.live
}

test('login: whoever has not logged in there has to', async () => {
  const { credentials, open } = createCredentialBench()
  const { who } = await open()
  assert.deepEqual(credentials.obtain(PARTNER, who, null), { kind: 'second-login', realm: 'partner' })
})

test('login: a bearer token cannot log in anywhere', () => {
  const { credentials } = createCredentialBench()
  const obtained = credentials.obtain(PARTNER, bearerBeneficiary(), null)
  assert.equal('kind' in obtained && codeOf(obtained), 'ERR_CREDENTIAL_FORBIDDEN')
})

test('login: the token of the second login is at hand, its header made once', async () => {
  const bench = createCredentialBench()
  const { live } = await openTwice(bench)
  const obtained = bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  assert.deepEqual(obtained, headerOf('Bearer partner-1'))
  assert.equal(bench.credentials.obtain(PARTNER, beneficiaryOf(live), null), obtained)
})

test('login: tokens of an issuer that is no longer configured are not sent', async () => {
  const bench = createCredentialBench()
  const { live } = await openTwice(bench, buildLogin({ issuer: 'https://old.example/realms/partner' }))
  const obtained = bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  assert.deepEqual(obtained, { kind: 'second-login', realm: 'partner' })
})

test('login: a token that is due is used while it is renewed, and the session’s own tokens stay as they are', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  bench.realm('partner').onRefresh(RENEWED)
  bench.clock.advance(45)
  assert.deepEqual(bench.credentials.obtain(PARTNER, beneficiaryOf(live), null), headerOf('Bearer partner-1'))
  await bench.credentials.drain()
  const renewed = await findLive(bench, sessionId)
  assert.deepEqual(bench.credentials.obtain(PARTNER, beneficiaryOf(renewed), null), headerOf('Bearer partner-2'))
  assert.deepEqual(bench.realm('partner').refreshed, ['partner-refresh-1'])
  const { secondLogins, ...own } = renewed.session
  const { secondLogins: _, ...before } = live.session
  assert.deepEqual(own, before)
  assert.deepEqual(secondLogins.partner?.scope, 'openid infer')
})

test('login: twenty requests after its end renew it once, and all get the new token', async () => {
  const bench = createCredentialBench()
  const { live } = await openTwice(bench)
  bench.realm('partner').onRefresh(RENEWED)
  bench.clock.advance(61)
  const who = beneficiaryOf(live)
  const all = await Promise.all(Array.from({ length: 20 }, () => bench.credentials.obtain(PARTNER, who, null)))
  assert.deepEqual(all, Array(20).fill(headerOf('Bearer partner-2')))
})

test('login: two processes renew it once', async () => {
  const bench = createCredentialBench()
  const other = bench.startReplica('two')
  const { sessionId, live } = await openTwice(bench)
  const elsewhere = await findLive(other, sessionId)
  bench.realm('partner').onRefresh(RENEWED)
  bench.clock.advance(61)
  const both = await Promise.all([
    bench.credentials.obtain(PARTNER, beneficiaryOf(live), null),
    other.credentials.obtain(PARTNER, beneficiaryOf(elsewhere), null),
  ])
  assert.deepEqual(both, Array(2).fill(headerOf('Bearer partner-2')))
})

test('login: without a new refresh token the old one stays', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  const tokens = buildTokens({ accessToken: 'partner-2', refreshToken: null, accessTokenExpiresAt: 2000 })
  bench.realm('partner').onRefresh({ ...RENEWED, tokens })
  bench.clock.advance(61)
  await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  const { secondLogins } = (await findLive(bench, sessionId)).session
  assert.equal(secondLogins.partner?.tokens.refreshToken, 'partner-refresh-1')
})

const LOST: Readonly<Record<string, RefreshResult>> = {
  'invalid_grant there': { kind: 'rejected', because: 'invalid_grant', isEnd: true },
  "somebody else's tokens": { kind: 'foreign' },
}

for (const [what, result] of Object.entries(LOST)) {
  test(`login: ${what} means a new login there, and never the end of the session`, async () => {
    const bench = createCredentialBench()
    const { sessionId, live } = await openTwice(bench)
    bench.realm('partner').onRefresh(result)
    bench.clock.advance(61)
    const obtained = await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
    assert.deepEqual(obtained, { kind: 'second-login', realm: 'partner' })
    const { session } = await findLive(bench, sessionId)
    assert.deepEqual(session.secondLogins, {})
    assert.deepEqual(session.tokens, live.session.tokens)
  })
}

test('login: a realm in trouble is a 503, keeps the login, and is asked again only after its pause', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  bench.realm('partner').onRefresh(DOWN, RENEWED)
  bench.clock.advance(61)
  const refused = await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  assert.deepEqual(refused.kind === 'refused' && [refused.code, refused.retryAfterSeconds], [
    'ERR_CREDENTIAL_UNAVAILABLE',
    3,
  ])
  await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  assert.equal(bench.realm('partner').refreshed.length, 1)
  bench.clock.advance(4)
  const later = await findLive(bench, sessionId)
  assert.deepEqual(await bench.credentials.obtain(PARTNER, beneficiaryOf(later), null), headerOf('Bearer partner-2'))
})

test('login: a lost answer is asked for once more with the same token', async () => {
  const bench = createCredentialBench()
  const { live } = await openTwice(bench)
  bench.realm('partner').onRefresh({ ...DOWN, mayRepeat: true }, RENEWED)
  bench.clock.advance(61)
  const obtained = await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  assert.deepEqual(obtained, headerOf('Bearer partner-2'))
  assert.deepEqual(bench.realm('partner').refreshed, ['partner-refresh-1', 'partner-refresh-1'])
})

test('login: a refresh token that came with a useless answer is kept', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  bench.realm('partner').onRefresh({ ...DOWN, refreshToken: 'partner-refresh-2' })
  bench.clock.advance(61)
  await bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  const { secondLogins } = (await findLive(bench, sessionId)).session
  assert.equal(secondLogins.partner?.tokens.refreshToken, 'partner-refresh-2')
})

test('login: without a refresh token the login ends with its access token', async () => {
  const bench = createCredentialBench()
  const login = buildLogin({ tokens: buildTokens({ accessToken: 'partner-1', refreshToken: null }) })
  const who = beneficiaryOf((await openTwice(bench, login)).live)
  bench.clock.advance(58)
  assert.deepEqual(bench.credentials.obtain(PARTNER, who, null), headerOf('Bearer partner-1'))
  bench.clock.advance(1)
  assert.deepEqual(bench.credentials.obtain(PARTNER, who, null), { kind: 'second-login', realm: 'partner' })
})

test('login: the session and its second login may be renewed at the same time, and neither is lost', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  const own = Promise.withResolvers<RefreshResult>()
  const second = Promise.withResolvers<RefreshResult>()
  bench.realm('main').onRefresh(own.promise)
  bench.realm('partner').onRefresh(second.promise)
  bench.clock.advance(61)
  const refresh = bench.refresher.refresh(live)
  const obtained = bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  await settled()
  own.resolve({ ...RENEWED, tokens: buildTokens({ accessToken: 'own-2', accessTokenExpiresAt: 3000 }) })
  second.resolve(RENEWED)
  await refresh
  assert.deepEqual(await obtained, headerOf('Bearer partner-2'))
  const { session } = await findLive(bench, sessionId)
  assert.equal(session.tokens.accessToken, 'own-2')
  assert.equal(session.secondLogins.partner?.tokens.accessToken, 'partner-2')
})

test('login: a rejection of tokens that were replaced meanwhile removes nothing', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  const answer = Promise.withResolvers<RefreshResult>()
  bench.realm('partner').onRefresh(answer.promise)
  bench.clock.advance(61)
  const obtained = bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  await settled()
  const anew = buildLogin({
    tokens: buildTokens({ accessToken: 'anew', refreshToken: 'anew-refresh', accessTokenExpiresAt: 3000 }),
    refreshDueAt: 2900,
  })
  await storeSecondLogin(live, 'partner', anew, bench.lifecycle)
  answer.resolve({ kind: 'rejected', because: 'invalid_grant', isEnd: true })
  assert.deepEqual(await obtained, headerOf('Bearer anew'))
  assert.deepEqual((await findLive(bench, sessionId)).session.secondLogins.partner, anew)
})

test('login: a session that ended while its second login was renewed stays ended', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  const answer = Promise.withResolvers<RefreshResult>()
  bench.realm('partner').onRefresh(answer.promise)
  bench.clock.advance(61)
  const obtained = bench.credentials.obtain(PARTNER, beneficiaryOf(live), null)
  await settled()
  await bench.lifecycle.end(live, 'user', 'logged out')
  answer.resolve(RENEWED)
  assert.equal(codeOf(await obtained), 'ERR_SESSION_REVOKED')
  assert.equal((await bench.lifecycle.find(sessionId)).kind, 'none')
})

test('a second login is put onto whatever was written since, beside those of other realms', async () => {
  const bench = createCredentialBench()
  const { sessionId, live } = await openTwice(bench)
  await bench.lifecycle.replace(live, { ...live.session, claims: { name: 'Alice B.' } })
  assert.equal(await storeSecondLogin(live, 'other', buildLogin(), bench.lifecycle), true)
  const { session } = await findLive(bench, sessionId)
  assert.equal(session.claims.name, 'Alice B.')
  assert.deepEqual(Object.keys(session.secondLogins), ['partner', 'other'])
  assert.equal(session.subject, 'alice-id')
})

test('a second login of a session that has ended is kept nowhere', async () => {
  const { lifecycle, open } = createCredentialBench()
  const { live } = await open()
  await lifecycle.end(live, 'user', 'logged out')
  assert.equal(await storeSecondLogin(live, 'partner', buildLogin(), lifecycle), false)
})

test("a second login that meets the end of the realm's session ends ours", async () => {
  const { clock, store, lifecycle, events, open } = createCredentialBench()
  const { sessionId, live } = await open()
  await store.putTombstone(sidIndex(live.session.issuer, live.session.sid ?? ''), clock.now() + 60)
  assert.equal(await storeSecondLogin(live, 'partner', buildLogin(), lifecycle), false)
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
  assert.ok(events.some((event) => event.kind === 'session.ended' && event.by === 'realm'))
})

test('a second login costs the session none of the tokens it has already obtained', async () => {
  const bench = createCredentialBench()
  const billing: Credential = { kind: 'exchange', audience: 'billing', scopes: [] }
  bench.realm('main').onExchange(tokenOf('for-billing', 1050))
  const { sessionId, live, who } = await bench.open()
  await bench.credentials.obtain(billing, who, null)
  await storeSecondLogin(live, 'partner', buildLogin(), bench.lifecycle)
  const after = await findLive(bench, sessionId)
  assert.notEqual(after, live)
  assert.deepEqual(bench.credentials.obtain(billing, beneficiaryOf(after), null), headerOf('Bearer for-billing'))
})
