// Routes where nobody has to be logged in: strangers pass as nobody, and who is logged in passes as on every other route.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { aliceToken, authorizationOf } from '../support/bearers.ts'
import {
  askGateway,
  cookieOf,
  createShiftedClock,
  decode,
  locationOf,
  logInExpired,
  problemCode,
  sessionCookieName,
  setStage,
  statusOf,
} from '../support/flow.ts'
import { loseTokens, pagesSeen, ROTATING } from '../support/lost-session.ts'
import { ALICE, type PairStage, setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'
import { sayOk } from '../support/test-upstream.ts'
import { closeOf, openSocket, refusalOf, setSocketStage } from '../support/websockets.ts'

const PERSONAL = ['agent', 'reports', 'billing', 'grants', 'jobs', 'robots'] as const
const ROUTES = `${PERSONAL.map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: optional } }`).join('')}
  - { path: "/models/*", service: models, require: { login: optional } }
  - { path: "/either/*", service: agent, require: { login: optional, via: [session, bearer] } }
  - { path: "/bearer/*", service: reports, require: { login: optional, via: [bearer] } }
  - { path: "/session/*", service: reports, require: { login: true } }
  - { path: "/*", service: agent, require: { login: optional } }
`
const OPTIONAL = { routes: ROUTES }
const ONE_ROUTE = '\n  - { path: "/*", service: api, require: { login: optional } }'

testPairOnBothFronts(
  'a stranger passes without a credential, whatever the route sends for others',
  async (stage) => {
    const alice = await stage.loggedIn()
    for (const name of PERSONAL) {
      for (const [browser, isKnown] of [
        [stage.browser(), false],
        [alice, true],
      ] as const) {
        assert.equal(await statusOf(stage, browser, `/${name}/x`), 200, name)
        assert.equal(tokenSent(stage) !== undefined, isKnown, name)
      }
    }
  },
  OPTIONAL,
)

testPairOnBothFronts(
  'a page is shown to strangers without a login, and to who is logged in by their name',
  async (stage) => {
    const page = await stage.browser().navigate(stage.url('/welcome?a=1'))
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('cache-control'), 'private')
    assert.equal(tokenSent(stage), undefined)
    assert.equal((await (await stage.loggedIn()).navigate(stage.url('/welcome'))).status, 200)
    assert.equal(decode(tokenSent(stage) ?? '').sub, ALICE)
  },
  OPTIONAL,
)

test('what a stranger says of themself stays outside', async (t) => {
  const stage = await setPairStage(t, OPTIONAL)
  const alice = await stage.loggedIn()
  await alice.fetch(stage.url('/agent/x'))
  const internal = tokenSent(stage) ?? ''
  const name = sessionCookieName(stage)
  for (const headers of [
    authorizationOf(internal),
    { authorization: 'Basic YWxpY2U6eA==' },
    { 'x-user': 'alice', 'x-forwarded-user': 'alice', 'x-tenant': 'acme', 'remote-user': 'alice', 'x-roles': 'admin' },
    { cookie: `${name}=${'A'.repeat(43)}` },
    { cookie: `${cookieOf(stage, alice)}; ${cookieOf(stage, alice)}` },
    { cookie: `${cookieOf(stage, alice).replace(name, `${name}-realm-other`)}` },
  ] as readonly Readonly<Record<string, string>>[]) {
    assert.equal((await askGateway(stage, '/agent/x', { headers })).status, 200)
    const received = JSON.stringify(stage.upstream.received.at(-1)?.headers)
    for (const value of ['authorization', 'alice', 'acme', 'admin', name]) {
      assert.equal(received.includes(value), false, `${value} of ${Object.keys(headers)}`)
    }
    assert.doesNotMatch(received, /eyJ[\w-]+\./)
  }
  const elsewhere = { headers: { cookie: cookieOf(stage, alice), host: 'evil.example' } }
  assert.equal((await askGateway(stage, '/agent/x', elsewhere)).status, 421)
})

test('who has logged out is a stranger at once, and their streams end', async (t) => {
  const stage = await setPairStage(t, OPTIONAL)
  const alice = await stage.loggedIn()
  const headers = { cookie: cookieOf(stage, alice) }
  const begun = Promise.withResolvers<void>()
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n', () => begun.resolve())
  })
  const stream = askGateway(stage, '/agent/stream', { headers })
  await begun.promise
  await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal((await stream).body, 'data: 1\n\n')
  stage.upstream.answer(sayOk)
  assert.equal((await askGateway(stage, '/agent/x', { headers })).status, 200)
  assert.equal(tokenSent(stage), undefined)
})

test('a WebSocket opens for strangers on pages of ours, and ends with the session of who has one', async (t) => {
  const routes = '\n  - { path: "/*", service: api, require: { login: optional }, upgrade: [websocket] }'
  const { stage, browser, cookie } = await setSocketStage(t, { routes })
  for (const headers of [{}, { cookie }]) {
    for (const origin of [null, 'https://evil.example']) {
      assert.equal((await refusalOf(stage, '/ws', { origin, headers })).status, 403)
    }
  }
  const stranger = await openSocket(stage, '/ws')
  assert.equal(tokenSent(stage), undefined)
  const known = await openSocket(stage, '/ws', { headers: { cookie } })
  assert.notEqual(tokenSent(stage), undefined)
  const closed = closeOf(known)
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal((await closed).code, 4401)
  assert.equal(stranger.readyState, stranger.OPEN)
  stranger.terminate()
})

test('whose session a limit or the realm has ended is a stranger, and no page goes to log in', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { routes: ONE_ROUTE, gateway: { clock: clock.now }, session: 'idle: 5m' })
  const [alice, bob] = [await logInExpired(stage), await stage.loggedIn('bob')]
  await stage.realm.endSessionsOf('alice')
  clock.advance(299)
  assert.equal((await alice.navigate(stage.url('/'))).status, 200)
  assert.equal(tokenSent(stage), undefined)
  clock.advance(2)
  for (const browser of [alice, bob]) {
    assert.equal((await browser.navigate(stage.url('/'))).status, 200)
    assert.equal(tokenSent(stage), undefined)
  }
})

test('a realm that is down makes nobody a stranger: who has no live token waits', async (t) => {
  const stage = await setStage(t, { routes: ONE_ROUTE })
  const [alice, bob] = [await logInExpired(stage), await stage.loggedIn('bob')]
  await stage.realm.stopListening()
  stage.upstream.forget()
  for (const answer of [await alice.fetch(stage.url('/')), await alice.navigate(stage.url('/'))]) {
    assert.equal(answer.status, 503)
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.equal(await statusOf(stage, bob, '/'), 200)
  assert.notEqual(tokenSent(stage), undefined)
})

test('a store that is away makes nobody a stranger', async (t) => {
  const stage = await setStage(t, { routes: ONE_ROUTE })
  const cookie = cookieOf(stage, await stage.loggedIn())
  const database = new DatabaseSync(join(stage.folder, 'store/doorman.db'))
  await stage.restart(0)
  stage.upstream.forget()
  database.exec('ALTER TABLE session RENAME TO elsewhere')
  assert.equal((await askGateway(stage, '/', { headers: { cookie } })).status, 503)
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await askGateway(stage, '/')).status, 200)
  database.close()
})

test('lost tokens make nobody a stranger: a page comes back logged in, a fetch is told where to', async (t) => {
  const stage = await setStage(t, { routes: ONE_ROUTE, realm: ROTATING })
  const alice = await stage.loggedIn()
  await loseTokens(stage, alice)
  stage.upstream.forget()
  const answer = await alice.fetch(stage.url('/x'))
  assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
  assert.deepEqual(pagesSeen(await alice.follow(stage.url('/x'))), [stage.url('/x')])
  assert.equal(stage.upstream.received.length, 1)
  assert.notEqual(tokenSent(stage), undefined)
})

test('what changes something needs proof of its origin, from strangers too; what only reads may be shown anywhere', async (t) => {
  const stage = await setPairStage(t, OPTIONAL)
  const alice = cookieOf(stage, await stage.loggedIn())
  const image = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
  const ask = async (method: string, headers: Readonly<Record<string, string>>) =>
    (await askGateway(stage, '/x', { method, headers })).status
  for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
    assert.equal(await ask('POST', headers), 403)
    assert.equal(await ask('POST', { ...headers, cookie: alice }), 403)
  }
  assert.equal(await ask('GET', image), 200)
  assert.equal(await ask('GET', { ...image, cookie: alice }), 403)
  assert.equal(await ask('POST', { 'x-doorman': '1' }), 200)
  assert.equal(tokenSent(stage), undefined)
})

test('a bearer token counts where the route takes one, and a wrong one is refused', async (t) => {
  const stage = await setPairStage(t, OPTIONAL)
  const token = await aliceToken(stage)
  for (const path of ['/either/x', '/bearer/x']) {
    const send = (headers: Readonly<Record<string, string>>) => askGateway(stage, path, { headers })
    assert.equal((await send(authorizationOf(token))).status, 200)
    assert.equal(decode(tokenSent(stage) ?? '').sub, ALICE)
    assert.equal((await send(authorizationOf(`${token}x`))).status, 401)
    assert.equal((await send({})).status, 200)
    assert.equal(tokenSent(stage), undefined)
  }
})

testPairOnBothFronts(
  'a second login is asked of who is logged in, and of nobody else',
  async (stage: PairStage) => {
    assert.equal((await stage.browser().navigate(stage.url('/models/x'))).status, 200)
    assert.equal(tokenSent(stage), undefined)
    const alice = await stage.loggedIn()
    const answer = await alice.fetch(stage.url('/models/x'))
    assert.deepEqual([answer.status, problemCode(answer)], [401, 'second_login_required'])
    assert.equal(locationOf(await alice.navigate(stage.url('/models/x'))).origin, new URL(stage.models.issuer).origin)
  },
  OPTIONAL,
)
