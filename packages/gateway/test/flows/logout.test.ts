// Logging out: here first, then at the realm, then in the browser; whatever the realm does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Browser, findLoginForm } from '@doorman/dev-realm/browser'
import {
  createShiftedClock,
  eventsOf,
  locationOf,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'

async function logoutUrlOf(stage: Stage, browser: Browser): Promise<string> {
  const { logout_url: path } = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  return stage.url(path)
}

/** What a form of the application's own page sends. */
function submit(stage: Stage, browser: Browser, path: string) {
  return browser.navigate(stage.url(path), {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', origin: stage.publicUrl },
  })
}

/** The cookie is gone, and putting it back opens nothing. */
async function assertLoggedOut(stage: Stage, browser: Browser, id: string): Promise<void> {
  assert.equal(sessionId(stage, browser), undefined)
  browser.cookies.set('localhost', sessionCookieName(stage), id)
  for (const path of ['/api/x', '/auth/user']) assert.equal(await statusOf(stage, browser, path), 401)
}

testOnBothFronts('a form logs out here and at the realm, and comes back to return_to', async (stage) => {
  const browser = await stage.loggedIn()
  const id = sessionId(stage, browser) ?? ''
  const first = await submit(stage, browser, '/auth/logout?return_to=/public/bye')
  assert.equal(first.status, 303)
  assert.equal(first.headers.get('cache-control'), 'no-store')
  assert.equal(first.headers.get('referrer-policy'), 'no-referrer')
  assert.deepEqual(stage.realm.sessions(), [], 'the realm has ended its session before the browser gets there')
  const onward = locationOf(first)
  assert.ok(onward.href.startsWith(stage.realm.issuer))
  assert.equal(onward.searchParams.get('post_logout_redirect_uri'), stage.url('/auth/logged-out'))
  for (const name of ['id_token_hint', 'client_id', 'state']) assert.ok(onward.searchParams.get(name))
  const last = (await browser.follow(onward.href)).at(-1)
  assert.equal(last?.url, stage.url('/public/bye'))
  assert.equal(last?.status, 200)
  await assertLoggedOut(stage, browser, id)
  const asked = (await browser.follow(stage.url('/auth/login'))).at(-1)
  assert.ok(asked !== undefined && findLoginForm(asked) !== undefined, 'the next login asks who it is')
})

testOnBothFronts('the link of /auth/user logs out', async (stage) => {
  const browser = await stage.loggedIn()
  const id = sessionId(stage, browser) ?? ''
  const last = (await browser.follow(await logoutUrlOf(stage, browser))).at(-1)
  assert.equal(last?.url, stage.url('/'))
  assert.deepEqual(stage.realm.sessions(), [])
  await assertLoggedOut(stage, browser, id)
})

testOnBothFronts('a fetch logs out and gets an address of ours, which leads to the realm once', async (stage) => {
  const browser = await stage.loggedIn()
  const id = sessionId(stage, browser) ?? ''
  const answer = await browser.fetch(stage.url('/auth/logout?return_to=/public/bye'), { method: 'POST' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const { logout_url: path } = JSON.parse(answer.body)
  assert.match(path, /^\/auth\/logout\?ticket=/)
  const cookieName = `${sessionCookieName(stage)}-logout`
  const ticket = browser.cookies.get('localhost', cookieName) ?? ''
  const answers = await browser.follow(stage.url(path))
  assert.ok(answers.some(({ url }) => url.startsWith(stage.realm.issuer)))
  assert.equal(answers.at(-1)?.url, stage.url('/public/bye'))
  browser.cookies.set('localhost', cookieName, ticket)
  const again = await browser.follow(stage.url(path))
  assert.equal(
    again.some(({ url }) => url.startsWith(stage.realm.issuer)),
    false,
  )
  await assertLoggedOut(stage, browser, id)
})

testOnBothFronts('a realm that is down keeps nobody logged in', async (stage) => {
  const [form, fetch] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  const [formId, fetchId] = [sessionId(stage, form) ?? '', sessionId(stage, fetch) ?? '']
  await stage.realm.stopListening()
  const answer = await submit(stage, form, '/auth/logout')
  assert.equal(answer.status, 303)
  const page = await form.navigate(locationOf(answer).href)
  assert.equal(page.status, 200)
  assert.equal(new URL(page.url).pathname, '/auth/logged-out')
  const told = JSON.parse((await fetch.fetch(stage.url('/auth/logout'), { method: 'POST' })).body)
  assert.match(told.logout_url, /^\/auth\/logged-out\?/)
  await assertLoggedOut(stage, form, formId)
  await assertLoggedOut(stage, fetch, fetchId)
})

test('another session of the same person goes on, its refreshes included', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: { revokeRefreshToken: true }, gateway: { clock: clock.now } })
  const [here, there] = [await stage.loggedIn(), await stage.loggedIn()]
  await submit(stage, here, '/auth/logout')
  assert.equal(await statusOf(stage, there), 200)
  clock.advance(61)
  assert.equal(await statusOf(stage, there), 200)
  assert.equal(stage.realm.sessions().length, 1)
})

const WRONG_PROOFS = ['', 'proof=', 'proof=AAAA', 'proof=a&proof=b', 'proof=%00', 'other=1']

testOnBothFronts('a GET without the right proof leaves the session unharmed', async (stage) => {
  const browser = await stage.loggedIn()
  const foreign = await logoutUrlOf(stage, await stage.loggedIn('bob'))
  for (const url of [...WRONG_PROOFS.map((query) => stage.url(`/auth/logout?${query}`)), foreign]) {
    const answer = await browser.navigate(url)
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.cookiesSet, [])
  }
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal(stage.realm.sessions().length, 2)
})

testOnBothFronts('another site logs nobody out', async (stage) => {
  const browser = await stage.loggedIn()
  const uses = [
    { method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } },
    { method: 'POST', headers: { 'sec-fetch-site': 'same-site', origin: 'https://other.localhost' } },
    { method: 'POST', headers: { 'sec-fetch-site': 'none' } },
    { method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } },
    {
      method: 'GET',
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    },
  ]
  for (const use of uses) {
    const answer = await browser.navigate(stage.url('/auth/logout'), use)
    assert.ok([400, 403].includes(answer.status), `${use.method} ${answer.status}`)
    assert.deepEqual(answer.cookiesSet, [])
  }
  assert.equal(await statusOf(stage, browser), 200)
})

testOnBothFronts('logging out twice, or without a session, is no error', async (stage) => {
  const browser = await stage.loggedIn()
  await submit(stage, browser, '/auth/logout')
  const again = await submit(stage, browser, '/auth/logout?return_to=/public/bye')
  assert.equal(locationOf(again).href, stage.url('/public/bye'))
  assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 204)
  assert.equal(eventsOf(stage, 'logout.finished').length, 1)
})

test('only own addresses are returned to', async (t) => {
  const stage = await setStage(t)
  for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const browser = await stage.loggedIn()
    const first = await submit(stage, browser, `/auth/logout?${new URLSearchParams({ return_to: evil })}`)
    const last = (await browser.follow(locationOf(first).href)).at(-1)
    assert.equal(last?.url, stage.url('/'))
  }
})

test('a return from the realm with a wrong state ends on a page of ours', async (t) => {
  const stage = await setStage(t)
  const browser = await stage.loggedIn()
  await submit(stage, browser, '/auth/logout?return_to=/public/bye')
  for (const query of ['', '?state=AAAA', '?state=a&state=b']) {
    const page = await browser.navigate(stage.url(`/auth/logged-out${query}`))
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('location'), null)
  }
})

test('the realm hears of a logout with the newest tokens, whichever gateway is asked', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { replicas: 2, realm: { revokeRefreshToken: true }, gateway: { clock: clock.now } })
  const browser = await stage.loggedIn()
  await Promise.all([statusOf(stage, browser), statusOf(stage, browser)])
  clock.advance(61)
  assert.equal(await statusOf(stage, browser), 200)
  await Promise.all([submit(stage, browser, '/auth/logout'), submit(stage, browser, '/auth/logout')])
  assert.deepEqual(stage.realm.sessions(), [])
  assert.equal(eventsOf(stage, 'session.ended').length, 1)
})
