// How many requests of one caller get through, and what the next one is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserAnswer } from '@doorman/dev-realm/browser'
import { askGateway, type GatewayAnswer, problemCode } from '../support/flow.ts'
import {
  askAsClient,
  type PairStage,
  REALMS,
  setClient,
  setPairStage,
  testPairOnBothFronts,
  tokenSent,
} from '../support/pair-stage.ts'

const limited = (path: string, limit: string, rules = 'login: true') =>
  `\n  - { path: "/${path}/*", service: reports, require: { ${rules} }, limit: { ${limit} } }`

const ROUTES = [
  limited('user', 'rate: 3/min'),
  limited('session', 'rate: 3/min, by: session'),
  limited('ip', 'rate: 3/min, by: ip'),
  limited('tenant', 'rate: 3/min, by: tenant', 'tenant: true'),
  limited('client', 'rate: 3/min, by: client', 'login: true, via: [bearer]'),
  limited('burst', 'rate: 3/min, burst: 2'),
  limited('admins', 'rate: 1/min', 'roles: [admin]'),
  '\n  - { path: "/free/*", service: reports, require: { login: true } }',
  '\n  - { path: "/open/*", service: feed, require: none, limit: { rate: 3/min } }',
].join('')
const WITH_ORGANIZATIONS = REALMS.replace(
  'clientId: web-gateway',
  'clientId: web-gateway\n    scopes: [openid, organization]',
)
const LIMITED = { routes: ROUTES, realms: WITH_ORGANIZATIONS, config: 'tenant: { claim: organization }' }

type Ask = (path: string, headers?: Readonly<Record<string, string>>) => Promise<number>

async function as(stage: PairStage, username: string): Promise<Ask> {
  const browser = await stage.loggedIn(username)
  return async (path, headers = {}) => (await browser.fetch(stage.url(path), { headers })).status
}

async function statuses(ask: Ask, path: string, count: number, headers = {}): Promise<readonly number[]> {
  const seen = []
  for (let at = 0; at < count; at += 1) seen.push(await ask(path, headers))
  return seen
}

const THREE = [200, 200, 200, 429]

function assertLimited(answer: BrowserAnswer): void {
  assert.equal(answer.status, 429)
  assert.equal(problemCode(answer), 'rate_limited')
  const retryAfter = Number(answer.headers.get('retry-after'))
  assert.ok(retryAfter >= 1 && retryAfter <= 60, `Retry-After ${retryAfter}`)
  assert.equal(answer.headers.get('ratelimit-policy'), '"default";q=3;w=60')
  assert.match(answer.headers.get('ratelimit') ?? '', /^"default";r=0;t=\d+$/)
  assert.deepEqual(answer.cookiesSet, [])
}

testPairOnBothFronts(
  'each answer says how much is left, and one too many is 429 and reaches no service',
  async (stage) => {
    const alice = await stage.loggedIn()
    for (const rest of [2, 1, 0]) {
      const answer = await alice.fetch(stage.url('/user/x'))
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('ratelimit-policy'), '"default";q=3;w=60')
      assert.match(answer.headers.get('ratelimit') ?? '', new RegExp(`^"default";r=${rest};t=\\d+$`))
      assert.equal(answer.headers.get('retry-after'), null)
    }
    const received = stage.upstream.received.length
    assertLimited(await alice.fetch(stage.url('/user/y?z=1')))
    const page = await alice.navigate(stage.url('/user/x'))
    assert.equal(page.status, 429)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.equal(stage.upstream.received.length, received)
    assert.equal((await alice.fetch(stage.url('/free/x'))).status, 200)
  },
  LIMITED,
)

test('a limit by user counts all their sessions and nobody else', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  const [alice, second, bob] = [await as(stage, 'alice'), await as(stage, 'alice'), await as(stage, 'bob')]
  assert.deepEqual([await alice('/user/x'), await second('/user/x'), await alice('/user/x')], [200, 200, 200])
  assert.deepEqual([await alice('/user/x'), await second('/user/x'), await bob('/user/x')], [429, 429, 200])
})

test('a limit by session counts each on its own', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  const [alice, second] = [await as(stage, 'alice'), await as(stage, 'alice')]
  assert.deepEqual(await statuses(alice, '/session/x', 4), THREE)
  assert.deepEqual(await statuses(second, '/session/x', 4), THREE)
})

test('a limit by address counts everybody there, whoever they say they are', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  const [alice, bob] = [await as(stage, 'alice'), await as(stage, 'bob')]
  assert.deepEqual(await statuses(alice, '/ip/x', 2), [200, 200])
  assert.deepEqual(
    await statuses(bob, '/ip/x', 2, { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7' }),
    [200, 429],
  )
})

test('behind a proxy that may speak for clients, each address counts on its own', async (t) => {
  const stage = await setPairStage(t, { ...LIMITED, front: 'tls' })
  const from = async (address: string) =>
    (await askGateway(stage, '/open/x', { headers: { 'x-forwarded-for': address, 'x-forwarded-proto': 'https' } }))
      .status
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    assert.deepEqual([await from(address), await from(address), await from(address), await from(address)], THREE)
  }
  // One subscriber has a whole /64.
  const seen = []
  for (const part of ['1', '2', 'a:b:c:d', 'ffff']) seen.push(await from(`2001:db8:0:1::${part}`.replace('::a', ':a')))
  assert.deepEqual(seen, THREE)
  assert.equal(await from('2001:db8:0:2::1'), 200)
})

test('a limit by tenant counts all who work for it', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  const [alice, bob] = [await as(stage, 'alice'), await as(stage, 'bob')]
  assert.deepEqual(await statuses(alice, '/tenant/x', 2), [200, 200])
  assert.deepEqual(await statuses(bob, '/tenant/x', 2, { 'x-tenant': 'acme' }), [200, 429])
  assert.deepEqual(await statuses(bob, '/tenant/x', 4, { 'x-tenant': 'globex' }), THREE)
})

test('a limit by client counts all callers of one application', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  setClient(stage.realm, 'other-gateway', {
    audiences: ['web-gateway'],
    serviceAccount: { realmRoles: [], clientRoles: {} },
  })
  const people = []
  for (const username of ['alice', 'bob']) {
    const browser = await stage.loggedIn(username)
    await browser.fetch(stage.url('/free/x'))
    people.push(`Bearer ${tokenSent(stage)}`)
  }
  const robot = (await askAsClient(stage.realm, 'token', 'other-gateway', { grant_type: 'client_credentials' }))
    .access_token
  const ask = async (authorization = '') =>
    (await askGateway(stage, '/client/x', { headers: { authorization } })).status
  const [alice, bob] = people
  assert.deepEqual([await ask(alice), await ask(bob), await ask(alice), await ask(bob)], THREE)
  assert.equal(await ask(`Bearer ${robot}`), 200)
})

test('a burst lets through what was saved up, once', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  assert.deepEqual(await statuses(await as(stage, 'alice'), '/burst/x', 6), [200, 200, 200, 200, 200, 429])
})

test('who may not enter uses up nobody’s requests, and the method and path do not matter to the count', async (t) => {
  const stage = await setPairStage(t, LIMITED)
  const alice = await stage.loggedIn('alice')
  for (let count = 0; count < 3; count += 1) assert.equal((await alice.fetch(stage.url('/admins/x'))).status, 403)
  stage.realm.directory.setUser('alice', { realmRoles: ['admin'] })
  await alice.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  assert.equal((await alice.fetch(stage.url('/admins/x'))).status, 200)
  assert.equal((await alice.fetch(stage.url('/admins/y?a'), { method: 'POST' })).status, 429)
})

testPairOnBothFronts(
  'login and callback have a limit of their own, by address',
  async (stage) => {
    const visitor = stage.browser()
    for (let count = 0; count < 2; count += 1)
      assert.equal((await visitor.navigate(stage.url('/auth/login'))).status, 303)
    assert.equal((await visitor.navigate(stage.url('/auth/callback?code=x&state=y'))).status, 400)
    for (const path of ['/auth/login', '/auth/callback?code=x&state=y']) {
      const answer = await visitor.navigate(stage.url(path))
      assert.equal(answer.status, 429, path)
      assert.ok(Number(answer.headers.get('retry-after')) >= 1)
    }
    assert.equal((await visitor.fetch(stage.url('/auth/user'))).status, 401)
    assert.equal(stage.realm.calls.count('token'), 0)
  },
  {
    ...LIMITED,
    config: 'login: { limit: { rate: 3/min } }',
    realms: REALMS,
    routes: '\n  - { path: "/open/*", service: feed, require: none }',
  },
)

const GLOBAL_ROUTES = `
  - { path: "/free/*", service: reports, require: { login: true } }
  - { path: "/tight/*", service: reports, require: { login: true }, limit: { rate: 2/min } }
  - { path: "/open/*", service: feed, require: none }
`

test('a limit over all routes counts them together, beside that of a route', async (t) => {
  const stage = await setPairStage(t, { routes: GLOBAL_ROUTES, config: 'limit: { rate: 4/min }' })
  const alice = await as(stage, 'alice')
  assert.deepEqual(await statuses(alice, '/tight/x', 3), [200, 200, 429])
  assert.deepEqual(await statuses(alice, '/free/x', 2), [200, 429])
  assert.equal(await (await as(stage, 'bob'))('/free/x'), 200)
})

test('a limit over all requests of an address holds for what nobody owns, too', async (t) => {
  const stage = await setPairStage(t, { routes: GLOBAL_ROUTES, config: 'limit: { rate: 4/min, by: ip }' })
  const seen: GatewayAnswer[] = []
  for (const path of [
    '/open/x',
    '/nothing',
    '/auth/user',
    '/.well-known/openid-configuration',
    '/open/x',
    '/auth/user',
  ]) {
    seen.push(await askGateway(stage, path))
  }
  assert.deepEqual(
    seen.slice(4).map(({ status }) => status),
    [429, 429],
  )
  assert.equal(
    seen.slice(0, 4).some(({ status }) => status === 429),
    false,
  )
})
