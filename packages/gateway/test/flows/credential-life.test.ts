// How long credentials live: with the session and its roles, asked for once however many requests want them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import type { Browser } from '@doorman/dev-realm/browser'
import { createShiftedClock, decode, sessionCookieName, sessionId, statusOf } from '../support/flow.ts'
import { askAsClient, type PairStage, setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'

const { tokenExchange, jwtBearer, clientCredentials, refreshToken } = GRANT_TYPES
const CREDENTIALS = ['agent', 'reports', 'billing', 'jobs', 'robots', 'grants', 'models']
const WAITING = 50

const exchanges = ({ realm }: PairStage) => realm.calls.count('token', tokenExchange)

async function tokenAt(stage: PairStage, browser: Browser, service: string): Promise<string> {
  assert.equal(await statusOf(stage, browser, `/${service}/x`), 200)
  return tokenSent(stage) ?? ''
}

async function refreshNow(stage: PairStage, browser: Browser): Promise<void> {
  assert.equal((await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
}

testPairOnBothFronts(`${WAITING} requests at once are one request to the realm for each credential`, async (stage) => {
  const alice = await stage.loggedIn()
  const burst = async (service: string) => {
    const urls = Array.from({ length: WAITING }, (_, at) => stage.url(`/${service}/${at}`))
    const answers = await Promise.all(urls.map((url) => alice.fetch(url)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const tokens = stage.upstream.received.slice(-WAITING).map(({ headers }) => headers.authorization)
    assert.equal(new Set(tokens).size, 1)
  }
  for (const service of ['billing', 'jobs', 'robots', 'grants', 'agent']) await burst(service)
  const asked = {
    // One for billing, and one whose token is the assertion.
    exchanges: exchanges(stage),
    ownTokens: stage.realm.calls.count('token', clientCredentials),
    robots: stage.models.calls.count('token', clientCredentials),
    grants: stage.models.calls.count('token', jwtBearer),
  }
  assert.deepEqual(asked, { exchanges: 2, ownTokens: 1, robots: 1, grants: 1 })
  for (const service of ['billing', 'jobs', 'robots', 'grants', 'agent']) await burst(service)
  assert.equal(exchanges(stage), 2)
})

testPairOnBothFronts('no credential outlives the session it was had for', async (stage) => {
  const alice = await stage.loggedIn()
  await alice.follow(stage.url('/models/x'))
  for (const service of CREDENTIALS) await tokenAt(stage, alice, service)
  const id = sessionId(stage, alice) ?? ''
  assert.equal((await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  alice.cookies.set('localhost', sessionCookieName(stage), id)
  const before = stage.upstream.received.length
  for (const service of CREDENTIALS) assert.equal(await statusOf(stage, alice, `/${service}/x`), 401, service)
  assert.equal(stage.upstream.received.length, before)
})

testPairOnBothFronts('a role that was given or taken away counts from the next refresh on', async (stage) => {
  const alice = await stage.loggedIn()
  assert.deepEqual(decode(await tokenAt(stage, alice, 'agent')).roles, ['user', 'researcher'])
  stage.realm.directory.setUser('alice', { realmRoles: ['user', 'auditor'] })
  assert.deepEqual(decode(await tokenAt(stage, alice, 'agent')).roles, ['user', 'researcher'])
  await refreshNow(stage, alice)
  assert.deepEqual(decode(await tokenAt(stage, alice, 'agent')).roles, ['user', 'auditor'])
})

test('a refresh drops what was exchanged for the old token', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  const billing = await tokenAt(stage, alice, 'billing')
  const grant = await tokenAt(stage, alice, 'grants')
  assert.equal(await tokenAt(stage, alice, 'billing'), billing)
  assert.equal(exchanges(stage), 2)
  await refreshNow(stage, alice)
  assert.notEqual(await tokenAt(stage, alice, 'billing'), billing)
  assert.notEqual(await tokenAt(stage, alice, 'grants'), grant)
  assert.equal(exchanges(stage), 4)
})

testPairOnBothFronts('two people never share a credential, nor two sessions of one', async (stage) => {
  const browsers = [await stage.loggedIn('alice'), await stage.loggedIn('alice'), await stage.loggedIn('bob')]
  for (const service of ['agent', 'billing', 'reports']) {
    const tokens = []
    for (const browser of browsers) tokens.push(await tokenAt(stage, browser, service))
    assert.equal(new Set(tokens).size, browsers.length)
    const sessions = tokens.map((token) => decode(token).sid)
    assert.equal(new Set(sessions).size, browsers.length)
  }
})

for (const service of ['billing', 'grants']) {
  testPairOnBothFronts(`a dead subject token is renewed and exchanged once more, for ${service}`, async (stage) => {
    const alice = await stage.loggedIn()
    const subject = await tokenAt(stage, alice, 'reports')
    await askAsClient(stage.realm, 'revoke', 'web-gateway', { token: subject })
    await tokenAt(stage, alice, service)
    assert.equal(exchanges(stage), 2)
    assert.equal(stage.realm.calls.count('token', refreshToken), 1)
    assert.notEqual(await tokenAt(stage, alice, 'reports'), subject)
  })
}

test('a session that the realm has ended ends here when its token is exchanged', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  stage.realm.endSessionsOf('alice')
  const before = stage.upstream.received.length
  assert.equal(await statusOf(stage, alice, '/billing/x'), 401)
  assert.equal(await statusOf(stage, alice, '/auth/user'), 401)
  assert.equal(stage.upstream.received.length, before)
})

test('tokens are renewed before they end, and none is sent afterwards', async (t) => {
  const clock = createShiftedClock()
  const stage = await setPairStage(t, { gateway: { clock: clock.now } })
  const alice = await stage.loggedIn()
  const services = ['agent', 'billing', 'jobs', 'robots', 'grants']
  const first = new Map<string, string>()
  for (const service of services) first.set(service, await tokenAt(stage, alice, service))
  clock.advance(61)
  for (const service of services) assert.notEqual(await tokenAt(stage, alice, service), first.get(service), service)
})

test('while its tokens live, a second realm that is down is not noticed', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  const tokens = [await tokenAt(stage, alice, 'robots'), await tokenAt(stage, alice, 'grants')]
  await stage.models.stopListening()
  assert.deepEqual([await tokenAt(stage, alice, 'robots'), await tokenAt(stage, alice, 'grants')], tokens)
})
