// Who may: every rule about a person, and the way to a stronger login.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { createShiftedClock, eventsOf, problemCode, sessionId, statusOf } from '../support/flow.ts'
import { type PairStage, setPairStage, testPairOnBothFronts } from '../support/pair-stage.ts'

const rule = (path: string, rules: string) => `\n  - { path: "/${path}/*", service: reports, require: { ${rules} } }`

const ROUTES = [
  rule('any', 'roles: [admin, researcher]'),
  rule('all', 'allRoles: [user, researcher]'),
  rule('client', 'clientRoles: { reports: [write], billing: [pay] }'),
  rule('one-client', 'clientRoles: { reports: [write, read] }'),
  rule('scope', 'scopes: [email, profile]'),
  rule('other-scope', 'scopes: [invoices]'),
  rule('group', 'groups: [/staff/admins, /auditors]'),
  rule('claim', 'claims: { preferred_username: [alice, bob], email_verified: true }'),
  rule('other-claim', 'claims: { department: finance }'),
  rule('gold', 'acr: [gold]'),
  rule('recent', 'maxAge: 5m'),
  rule('admin-gold', 'roles: [admin], acr: gold'),
].join('')

const WHO = ['alice', 'bob', 'carol'] as const
/** alice, bob, carol */
const ALLOWED: Readonly<Record<string, readonly [boolean, boolean, boolean]>> = {
  any: [true, false, true],
  all: [true, false, false],
  client: [false, false, false],
  'one-client': [true, true, false],
  scope: [true, true, true],
  'other-scope': [false, false, false],
  group: [false, true, false],
  claim: [true, true, false],
  'other-claim': [false, false, false],
}

testPairOnBothFronts(
  'each rule opens a route to whom it names',
  async (stage) => {
    stage.realm.directory.setUser('bob', { groups: ['/staff/admins'] })
    stage.realm.directory.setUser('carol', { groups: ['/staff', '/staff/admins/interns', 'auditors'] })
    for (const [at, username] of WHO.entries()) {
      const browser = await stage.loggedIn(username)
      for (const [path, allowed] of Object.entries(ALLOWED)) {
        const before = stage.upstream.received.length
        const answer = await browser.fetch(stage.url(`/${path}/x`))
        assert.equal(answer.status, allowed[at] === true ? 200 : 403, `${username} at ${path}`)
        if (answer.status === 403) assert.equal(problemCode(answer), 'forbidden')
        assert.equal(stage.upstream.received.length - before, answer.status === 200 ? 1 : 0)
      }
    }
    for (const path of Object.keys(ALLOWED)) assert.equal(await statusOf(stage, stage.browser(), `/${path}/x`), 401)
  },
  { routes: ROUTES },
)

test('what was missing is told to the log and not to the person', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  const answer = await alice.fetch(stage.url('/client/x'))
  assert.equal(/reports|write/.test(answer.body), false)
  const { detail } = eventsOf(stage, 'request.failed').at(-1)!
  assert.match(String(detail.because), /client reports/)
})

const ALICE = { username: 'alice', password: '' }
const last = (answers: readonly BrowserAnswer[]) => answers.at(-1)!

testPairOnBothFronts(
  'a page that asks for a stronger login goes there by itself, and back in',
  async (stage) => {
    const alice = await stage.loggedIn()
    const before = sessionId(stage, alice)
    stage.realm.calls.clear()
    const answer = last(await alice.logIn(stage.url('/gold/deep?q=1'), ALICE))
    assert.equal(answer.status, 200)
    assert.equal(stage.upstream.received.at(-1)?.target, '/gold/deep?q=1')
    assert.equal(stage.realm.calls.list('auth')[0]?.parameters.acr_values, 'gold')
    assert.notEqual(sessionId(stage, alice), before)
    assert.equal(await statusOf(stage, alice, '/gold/x'), 200)
  },
  { routes: ROUTES },
)

/** RFC 9470 section 3. */
function assertStepUp(stage: PairStage, answer: BrowserAnswer, asked: string): string {
  assert.equal(answer.status, 401)
  assert.equal(problemCode(answer), 'step_up_required')
  const { host } = new URL(stage.publicUrl)
  const challenge = `Bearer realm="${host}", error="insufficient_user_authentication", ${asked}`
  assert.equal(answer.headers.get('www-authenticate'), challenge)
  return JSON.parse(answer.body).login_url
}

testPairOnBothFronts(
  'a script gets the challenge, and an address at which the stronger login works',
  async (stage) => {
    const alice = await stage.loggedIn()
    const loginUrl = assertStepUp(stage, await alice.fetch(stage.url('/gold/x')), 'acr_values="gold"')
    assert.equal(stage.upstream.received.length, 0)
    const there = new URL(loginUrl)
    there.searchParams.set('return_to', '/gold/back')
    assert.equal(last(await alice.logIn(there.href, ALICE)).status, 200)
    assert.equal(stage.upstream.received.at(-1)?.target, '/gold/back')
    assert.equal(await statusOf(stage, alice, '/gold/x'), 200)
  },
  { routes: ROUTES },
)

test('a realm that logs people in more weakly than asked lets nobody in, nor into a loop', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  stage.realm.faults.acr = '1'
  const answer = last(await alice.logIn(stage.url('/gold/x'), ALICE))
  assert.equal(answer.status, 403)
  assert.deepEqual(stage.upstream.received, [])
})

test('who lacks a role is not sent to log in again for what would not help', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  assert.equal((await alice.navigate(stage.url('/admin-gold/x'))).status, 403)
  const carol = await stage.loggedIn('carol')
  assert.equal((await carol.navigate(stage.url('/admin-gold/x'))).status, 303)
  assert.equal(last(await carol.logIn(stage.url('/admin-gold/x'), { username: 'carol', password: '' })).status, 200)
})

const clock = createShiftedClock()

testPairOnBothFronts(
  'a login that is too long ago is done again, for a page and for a script',
  async (stage, t) => {
    const alice = await stage.loggedIn()
    assert.equal(await statusOf(stage, alice, '/recent/x'), 200)
    clock.advance(306)
    t.after(() => clock.advance(-306))
    const loginUrl = assertStepUp(stage, await alice.fetch(stage.url('/recent/x')), 'max_age="300"')
    assert.equal(new URL(loginUrl).searchParams.get('max_age'), '300')
    stage.realm.calls.clear()
    assert.equal((await navigateTo(stage, alice, '/recent/x')).searchParams.get('max_age'), '300')
  },
  { routes: ROUTES, gateway: { clock: clock.now } },
)

async function navigateTo(stage: PairStage, browser: Browser, path: string): Promise<URL> {
  const answer = await browser.navigate(stage.url(path))
  assert.equal(answer.status, 303)
  return new URL(answer.headers.get('location') ?? '')
}

test('parameters of a step-up are those a route asks for, and no others', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  for (const [query, status] of [
    ['acr_values=gold', 303],
    ['acr_values=silver', 400],
    ['acr_values=gold&acr_values=1', 400],
    ['max_age=300', 303],
    ['kc_idp_hint=main', 400],
  ] as const) {
    assert.equal((await alice.navigate(stage.url(`/auth/login?${query}`))).status, status, query)
  }
})

test('a page in a frame or an image is never sent to a login', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  for (const destination of ['iframe', 'image', 'script']) {
    const headers = {
      'sec-fetch-dest': destination,
      'sec-fetch-site': 'same-origin',
      ...(destination === 'iframe' ? {} : { 'sec-fetch-mode': 'no-cors' }),
    }
    const answer = await alice.navigate(stage.url('/gold/x'), { headers })
    assert.equal(answer.status, 401, destination)
  }
})
