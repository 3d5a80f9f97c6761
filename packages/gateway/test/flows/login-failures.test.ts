// Logins that do not work: what the realm answers, what an attacker brings, what gets lost on the way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuthorizationFault, FAULTS, type IdTokenFault } from '@doorman/dev-realm'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { eventsOf, locationOf, problemCode, sessionId, setStage, statusOf, testOnBothFronts } from '../support/flow.ts'
import { bring, callbackUrl, openLogin, redemptions } from '../support/login-steps.ts'
import { CLIENT_ID, type Stage } from '../support/stage.ts'

const ALICE = { username: 'alice', password: '' }

/** A page that says so, nobody logged in, nothing of the address repeated, no cookie of a login left behind. */
function assertRefused(stage: Stage, browser: Browser, answer: BrowserAnswer, status: number): void {
  assert.equal(answer.status, status)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(sessionId(stage, browser), undefined)
  assert.equal(eventsOf(stage, 'login.finished').length, 0)
  for (const value of new URL(answer.url).searchParams.values()) assert.equal(answer.body.includes(value), false)
}

const REALM_ANSWERS: ReadonlyArray<readonly [fault: AuthorizationFault, status: number]> = [
  ['access-denied', 403],
  ['server-error', 403],
  ['wrong-iss', 400],
  ['omit-iss', 400],
]

for (const [fault, status] of REALM_ANSWERS) {
  testOnBothFronts(
    `an answer of the realm with ${fault} logs nobody in, and its code is not redeemed`,
    async (stage) => {
      const browser = stage.browser()
      stage.realm.faults.authorization(fault)
      const answer = (await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)).at(-1)
      assert.ok(answer)
      assertRefused(stage, browser, answer, status)
      assert.equal(redemptions(stage), 0)
      assert.deepEqual(
        browser.cookies.names('localhost').filter((name) => name.includes('doorman')),
        [],
      )
      await browser.logIn(stage.url('/auth/login'), ALICE)
      assert.equal(await statusOf(stage, browser), 200)
    },
  )
}

testOnBothFronts('an answer whose state nobody here knows logs nobody in', async (stage) => {
  const browser = stage.browser()
  stage.realm.faults.authorization('wrong-state')
  const answer = (await browser.logIn(stage.url('/auth/login'), ALICE)).at(-1)
  assert.ok(answer)
  assertRefused(stage, browser, answer, 400)
  assert.equal(redemptions(stage), 0)
})

testOnBothFronts('an answer brought to another browser logs nobody in', async (stage) => {
  const callback = await callbackUrl(stage, stage.browser(), '/auth/login', 'bob')
  const victim = stage.browser()
  assertRefused(stage, victim, await bring(victim, callback), 400)
  const busy = stage.browser()
  await openLogin(stage, busy)
  assertRefused(stage, busy, await bring(busy, callback), 400)
  assert.equal(redemptions(stage), 0)
})

test('an answer brought to a browser that is logged in changes nothing', async (t) => {
  const stage = await setStage(t)
  const victim = await stage.loggedIn('alice')
  const session = sessionId(stage, victim)
  const callback = await callbackUrl(stage, stage.browser(), '/auth/login', 'bob')
  const answer = await bring(victim, callback)
  assert.equal(locationOf(answer).href, stage.url('/'))
  assert.equal(redemptions(stage), 1)
  assert.equal(sessionId(stage, victim), session)
  assert.equal(JSON.parse((await victim.fetch(stage.url('/auth/user'))).body).name, 'Alice Test')
})

for (const name of ['code', 'state', 'iss'] as const) {
  test(`an answer with ${name} twice is refused`, async (t) => {
    const stage = await setStage(t)
    const browser = stage.browser()
    const callback = new URL(await callbackUrl(stage, browser))
    callback.searchParams.append(name, callback.searchParams.get(name) ?? '')
    assertRefused(stage, browser, await bring(browser, callback.href), 400)
    assert.equal(redemptions(stage), 0)
  })
}

test('tokens in the address are no answer', async (t) => {
  const stage = await setStage(t)
  const browser = stage.browser()
  const callback = new URL(await callbackUrl(stage, browser))
  callback.searchParams.delete('code')
  callback.searchParams.set('access_token', 'a.b.c')
  assertRefused(stage, browser, await bring(browser, callback.href), 400)
  assert.equal(redemptions(stage), 0)
})

testOnBothFronts("the realm's answer to a page that was too old starts the login again by itself", async (stage) => {
  const browser = stage.browser()
  stage.realm.faults.authorization('authentication-expired')
  const answers = await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)
  assert.equal(answers.at(-1)?.url, stage.url('/page/x'))
  assert.equal(answers.at(-1)?.status, 200)
})

testOnBothFronts('a realm that always answers so is asked three times, then it is explained', async (stage) => {
  const browser = stage.browser()
  for (let again = 0; again < 5; again += 1) stage.realm.faults.authorization('authentication-expired')
  const answers = await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)
  assert.equal(answers.at(-1)?.status, 400)
  assert.equal(eventsOf(stage, 'login.started').length, 3)
  assert.equal(eventsOf(stage, 'login.refused').at(-1)?.code, 'ERR_LOGIN_LOOP')
})

const LOST_ANSWERS = {
  'a cut before': FAULTS.cutBefore,
  'a cut after': FAULTS.cutAfter,
  'a 500 after': FAULTS.serverErrorAfter,
  'a booting realm': FAULTS.booting,
  'a page instead of tokens': FAULTS.html,
  'broken JSON': FAULTS.brokenJson,
  'a refused code': FAULTS.invalidGrant,
} as const

test('a code whose answer is lost is not sent again: the login starts anew, without another page', async (t) => {
  const stage = await setStage(t)
  for (const [loss, fault] of Object.entries(LOST_ANSWERS)) {
    await t.test(loss, async () => {
      stage.realm.calls.clear()
      const browser = stage.browser()
      stage.realm.faults.once('token', fault)
      const answers = await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)
      assert.equal(answers.at(-1)?.url, stage.url('/page/x'))
      assert.equal(await statusOf(stage, browser), 200)
      assert.equal(redemptions(stage), 2)
      assert.equal(answers.filter(({ method }) => method === 'POST').length, 1)
    })
  }
})

testOnBothFronts('a realm that loses every code is given three of them, then it is explained', async (stage) => {
  const browser = stage.browser()
  stage.realm.faults.every('token', FAULTS.cutAfter)
  const answer = (await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)).at(-1)
  assert.ok(answer)
  assertRefused(stage, browser, answer, 400)
  assert.equal(redemptions(stage), 3)
})

test('a realm that refuses our client is not hammered', async (t) => {
  const stage = await setStage(t)
  const browser = stage.browser()
  const client = stage.realm.directory.findClient(CLIENT_ID)
  assert.ok(client)
  stage.realm.directory.setClient({ ...client, secret: 'another-one' })
  const answer = (await browser.logIn(stage.url('/auth/login'), ALICE)).at(-1)
  assert.ok(answer)
  assertRefused(stage, browser, answer, 503)
  assert.equal(redemptions(stage), 1)
})

const ID_TOKEN_FAULTS: readonly IdTokenFault[] = [
  'wrong-issuer',
  'wrong-audience',
  'strange-audience',
  'wrong-azp',
  'wrong-nonce',
  'missing-nonce',
  'missing-subject',
  'wrong-access-token-hash',
  'expired',
  'from-the-future',
  'bad-signature',
  'unknown-key',
  'algorithm-none',
  'algorithm-hs256',
  'absent',
  'not-a-token',
]

test('an ID token that is not right logs nobody in', async (t) => {
  const stage = await setStage(t)
  for (const fault of ID_TOKEN_FAULTS) {
    await t.test(String(fault), async () => {
      const browser = stage.browser()
      stage.realm.calls.clear()
      stage.realm.faults.idToken(fault)
      const answer = (await browser.logIn(stage.url('/auth/login'), ALICE)).at(-1)
      assert.ok(answer)
      assertRefused(stage, browser, answer, 400)
      assert.equal(redemptions(stage), 1)
    })
  }
})

test('somebody who logged in too long ago for what was asked is not let in', async (t) => {
  const stage = await setStage(t)
  for (const auth_time of [undefined, 1]) {
    const browser = stage.browser()
    stage.realm.faults.idToken({ claims: { auth_time } })
    const answer = (await browser.logIn(stage.url('/auth/login?max_age=60'), ALICE)).at(-1)
    assert.ok(answer)
    assertRefused(stage, browser, answer, 400)
  }
})

test('a login weaker than what was asked for is not let in', async (t) => {
  const stage = await setStage(t, { config: 'login: { parameters: { acr_values: any } }' })
  stage.realm.faults.acr = '1'
  const browser = stage.browser()
  const answer = (await browser.logIn(stage.url('/auth/login?acr_values=gold'), ALICE)).at(-1)
  assert.ok(answer)
  assertRefused(stage, browser, answer, 403)
})

test('what another site loads starts no login and finishes none', async (t) => {
  const stage = await setStage(t)
  const uses = {
    iframe: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    object: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' },
    image: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    script: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    fetch: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
  }
  for (const [use, metadata] of Object.entries(uses)) {
    await t.test(use, async () => {
      const browser = stage.browser()
      const headers = { ...metadata, 'sec-fetch-site': 'cross-site' }
      for (const path of ['/auth/login', '/page/x']) {
        const answer = await browser.navigate(stage.url(path), { headers })
        assert.ok([401, 403].includes(answer.status))
        assert.deepEqual(answer.cookiesSet, [])
      }
      const callback = await callbackUrl(stage, browser)
      const answer = await browser.navigate(callback, { headers })
      assert.equal(answer.status, 403)
      assert.equal(problemCode(answer), 'csrf')
      assert.equal(redemptions(stage), 0)
    })
  }
})
