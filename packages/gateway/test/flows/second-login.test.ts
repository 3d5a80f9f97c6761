// A login at a second realm: without a page where the first realm vouches, kept in the session that began it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS, GRANT_TYPES } from '@doorman/dev-realm'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import {
  createShiftedClock,
  decode,
  eventsOf,
  locationOf,
  problemCode,
  sessionCookieName,
  sessionId,
  statusOf,
  userOf,
} from '../support/flow.ts'
import { bring } from '../support/login-steps.ts'
import { ALICE, type PairStage, setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'

const refreshesAtModels = ({ models }: PairStage) => models.calls.count('token', GRANT_TYPES.refreshToken)

/** Logged in to both realms. */
async function loggedInTwice(stage: PairStage): Promise<Browser> {
  const alice = await stage.loggedIn()
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  return alice
}

/** As far as the second realm's answer, which nobody has brought to the gateway yet. */
async function callbackOf(stage: PairStage, browser: Browser): Promise<string> {
  let answer = await browser.navigate(stage.url('/models/x'))
  const from = { headers: { 'sec-fetch-site': 'cross-site' } }
  while (locationOf(answer).origin !== stage.publicUrl) answer = await browser.navigate(locationOf(answer).href, from)
  return locationOf(answer).href
}

const pathsOf = (answers: readonly BrowserAnswer[]) => answers.map(({ url }) => new URL(url).pathname)

testPairOnBothFronts('a page goes by the second realm and back, and nobody sees a login page', async (stage) => {
  const alice = await stage.loggedIn()
  const before = await userOf(stage, alice)
  const answers = await alice.follow(stage.url('/models/deep/page?q=1&x=%2F'))
  assert.deepEqual(
    answers.filter((answer) => findLoginForm(answer) !== undefined),
    [],
  )
  const [asked] = stage.models.calls.list('auth')
  assert.equal(asked?.parameters.kc_idp_hint, 'main')
  assert.equal(asked?.parameters.redirect_uri, stage.url('/auth/callback/models'))
  assert.equal(answers.at(-1)?.status, 200)
  assert.equal(stage.upstream.received.at(-1)?.target, '/models/deep/page?q=1&x=%2F')
  assert.equal(decode(tokenSent(stage) ?? '').iss, stage.models.issuer)
  const own = answers.filter(({ url }) => url.startsWith(stage.publicUrl))
  for (const { cookiesSet } of own) assert.equal(cookiesSet.includes(sessionCookieName(stage)), false)
  const after = await userOf(stage, alice)
  for (const member of ['sub', 'preferred_username', 'roles']) assert.deepEqual(after[member], before[member])
  assert.equal(await statusOf(stage, alice, '/models/again'), 200)
  assert.equal(stage.models.calls.count('token', GRANT_TYPES.authorizationCode), 1)
})

testPairOnBothFronts(
  'a script is told where to log in, and that address brings a page back to where it was',
  async (stage) => {
    const alice = await stage.loggedIn()
    const refused = await alice.fetch(stage.url('/models/x'))
    assert.equal(refused.status, 401)
    assert.equal(problemCode(refused), 'second_login_required')
    const { login_url: loginUrl } = JSON.parse(refused.body)
    assert.equal(loginUrl, stage.url('/auth/login/models'))
    assert.deepEqual(stage.upstream.received, [])
    const answers = await alice.follow(`${loginUrl}?return_to=/reports/page`)
    assert.equal(new URL(answers.at(-1)?.url ?? '').pathname, '/reports/page')
    assert.equal(await statusOf(stage, alice, '/models/x'), 200)
    // Who has it already goes straight on.
    const again = await alice.follow(`${loginUrl}?return_to=/reports/page`)
    assert.deepEqual(pathsOf(again), ['/auth/login/models', '/reports/page'])
  },
)

testPairOnBothFronts('who is logged in nowhere logs in to the first realm on the way to the second', async (stage) => {
  const visitor = stage.browser()
  const answers = await visitor.logIn(stage.url('/auth/login/models?return_to=/models/x'), {
    username: 'alice',
    password: '',
  })
  assert.equal(answers.at(-1)?.status, 200)
  assert.equal((await userOf(stage, visitor)).sub, ALICE)
  assert.equal(decode(tokenSent(stage) ?? '').iss, stage.models.issuer)
})

testPairOnBothFronts('another session than the one that began it cannot finish a second login', async (stage) => {
  const alice = await stage.loggedIn()
  const callback = await callbackOf(stage, alice)
  const bob = await stage.loggedIn('bob')
  // Even with the attempt's cookie, as a neighbour could plant it.
  for (const name of alice.cookies.names('localhost')) {
    if (name !== sessionCookieName(stage))
      bob.cookies.set('localhost', name, alice.cookies.get('localhost', name) ?? '')
  }
  const answer = await bring(bob, callback)
  assert.equal(answer.status, 400)
  assert.equal(eventsOf(stage, 'login.refused').at(-1)?.code, 'ERR_LOGIN_SESSION_CHANGED')
  assert.equal(await statusOf(stage, bob, '/models/x'), 401)
  assert.equal((await userOf(stage, bob)).preferred_username, 'bob')
  assert.equal((await bring(stage.browser(), callback)).status, 400)
})

testPairOnBothFronts(
  'after another person has logged in to the browser, a second login begun before is void',
  async (stage) => {
    const browser = await stage.loggedIn()
    const callback = await callbackOf(stage, browser)
    const left = await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
    await browser.follow(stage.url(JSON.parse(left.body).logout_url))
    await browser.logIn(stage.url('/auth/login'), { username: 'bob', password: '' })
    assert.equal((await userOf(stage, browser)).preferred_username, 'bob')
    assert.equal((await bring(browser, callback)).status, 400)
    assert.equal(await statusOf(stage, browser, '/models/x'), 401)
  },
)

test('a second login finishes once', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  const callback = await callbackOf(stage, alice)
  const kept = alice.cookies
    .names('localhost')
    .map((name) => [name, alice.cookies.get('localhost', name) ?? ''] as const)
  assert.equal((await bring(alice, callback)).status, 303)
  for (const [name, value] of kept) alice.cookies.set('localhost', name, value)
  assert.equal(locationOf(await bring(alice, callback)).pathname, '/models/x')
  assert.equal(stage.models.calls.count('token', GRANT_TYPES.authorizationCode), 1)
})

testPairOnBothFronts('a logout ends the second login with the session', async (stage) => {
  const alice = await loggedInTwice(stage)
  const id = sessionId(stage, alice) ?? ''
  assert.equal((await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  alice.cookies.set('localhost', sessionCookieName(stage), id)
  assert.equal(await statusOf(stage, alice, '/models/x'), 401)
  alice.cookies.clear()
  const anew = await stage.loggedIn()
  const refused = await anew.fetch(stage.url('/models/x'))
  assert.equal(problemCode(refused), 'second_login_required')
})

const clock = createShiftedClock()
const SHIFTED = { gateway: { clock: clock.now } }

test('the second login is renewed when due, once for many requests, and the first is left alone', async (t) => {
  const stage = await setPairStage(t, SHIFTED)
  const alice = await loggedInTwice(stage)
  const first = tokenSent(stage)
  clock.advance(61)
  t.after(() => clock.advance(-61))
  const urls = Array.from({ length: 20 }, (_, at) => stage.url(`/models/${at}`))
  const answers = await Promise.all(urls.map((url) => alice.fetch(url)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal(refreshesAtModels(stage), 1)
  assert.notEqual(tokenSent(stage), first)
  assert.equal(stage.realm.calls.count('token', GRANT_TYPES.refreshToken), 1)
})

test('a second realm that is down when a renewal is due is 503, and nothing is lost', async (t) => {
  const stage = await setPairStage(t, SHIFTED)
  const alice = await loggedInTwice(stage)
  clock.advance(61)
  t.after(() => clock.advance(-63))
  await stage.models.stopListening()
  const answer = await alice.fetch(stage.url('/models/x'))
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  assert.equal(await statusOf(stage, alice, '/reports/x'), 200)
  await stage.models.startListening()
  clock.advance(2)
  assert.equal(await statusOf(stage, alice, '/models/x'), 200)
})

test('an invalid_grant of the second realm ends the second login alone', async (t) => {
  const stage = await setPairStage(t, SHIFTED)
  const alice = await loggedInTwice(stage)
  clock.advance(61)
  t.after(() => clock.advance(-61))
  stage.models.faults.once('token', FAULTS.invalidGrant)
  const refused = await alice.fetch(stage.url('/models/x'))
  assert.equal(refused.status, 401)
  assert.equal(problemCode(refused), 'second_login_required')
  assert.equal((await userOf(stage, alice)).preferred_username, 'alice')
  assert.equal(await statusOf(stage, alice, '/reports/x'), 200)
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
})

test('a session at the second realm that was ended there is asked for anew, once', async (t) => {
  const stage = await setPairStage(t, SHIFTED)
  const alice = await loggedInTwice(stage)
  stage.models.endSessionsOf('alice')
  clock.advance(61)
  t.after(() => clock.advance(-61))
  assert.equal(await statusOf(stage, alice, '/models/x'), 401)
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
})

testPairOnBothFronts(
  'who is unknown to the second realm reads so on its page, and stays logged in to the first',
  async (stage) => {
    stage.models.directory.addUser({ ...stage.realm.directory.findUser('carol')!, id: 'x-carol', federated: {} })
    const carol = await stage.loggedIn('carol')
    const last = (await carol.follow(stage.url('/models/x'))).at(-1)
    assert.ok(last?.url.startsWith(stage.models.issuer))
    assert.equal((await userOf(stage, carol)).preferred_username, 'carol')
    assert.deepEqual(stage.upstream.received, [])
  },
)

test('a second login survives a restart of the gateway', async (t) => {
  const stage = await setPairStage(t)
  const alice = await loggedInTwice(stage)
  await stage.restart(0)
  assert.equal(await statusOf(stage, alice, '/models/x'), 200)
})

test('two second logins at once do not lose one another', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  const tabs = [await callbackOf(stage, alice), await callbackOf(stage, alice)]
  for (const callback of tabs) assert.equal((await bring(alice, callback)).status, 303)
  assert.equal(await statusOf(stage, alice, '/models/x'), 200)
})
