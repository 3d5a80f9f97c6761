// Front ends of two gateways people write by themselves go on with the very calls they made before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserAnswer } from '@doorman/dev-realm/browser'
import { decode, locationOf, statusOf } from '../support/flow.ts'
import { FROM_OWN_PAGE, logInOldBff, openOldBff, openOldGateway } from '../support/old-contracts.ts'
import { ALICE, ALICE_OF_MODELS, type PairStage, tokenSent } from '../support/pair-stage.ts'

const last = (answers: readonly BrowserAnswer[]) => answers.at(-1)?.url

test('a front end that keeps a sid goes through login, user, refresh, model tokens and logout as before', async (t) => {
  const stage = await openOldBff(t)
  const browser = stage.browser()
  const wanted = encodeURIComponent(stage.url('/dashboard?tab=2#top'))
  const person = { username: 'alice', password: '' }
  const answers = await browser.logIn(stage.url(`/login?redirect_uri=${wanted}`), person)
  assert.ok(
    answers.some(({ url }) => url.startsWith(stage.url('/callback?'))),
    'the old redirect URI takes the code',
  )
  const arrived = new URL(last(answers) ?? '')
  const sid = arrived.searchParams.get('sid') ?? ''
  assert.equal(arrived.href, stage.url(`/dashboard?tab=2&sid=${sid}#top`))
  assert.match(sid, /^[\w-]{16,}$/)

  const user = await browser.fetch(stage.url(`/user-info?sid=${sid}`))
  assert.deepEqual([user.status, JSON.parse(user.body).sub], [200, ALICE])
  const renewed = await browser.fetch(stage.url(`/refresh?sid=${sid}`))
  assert.equal(renewed.status, 200)
  assert.ok(JSON.parse(renewed.body).expires_in > 0)
  const models = await browser.fetch(stage.url(`/get_model_tokens?sid=${sid}`))
  assert.equal(models.headers.get('cache-control'), 'no-store')
  assert.equal(models.headers.get('access-control-allow-origin'), null)
  const token = decode(JSON.parse(models.body).access_token)
  assert.deepEqual([token.iss, token.sub], [stage.models.issuer, ALICE_OF_MODELS])
  assert.equal(await statusOf(stage, browser, `/api/agent?sid=${sid}`), 200)
  assert.equal(decode(tokenSent(stage) ?? '').sub, ALICE)

  const left = await browser.navigate(stage.url(`/logout?sid=${sid}&redirect_uri=/bye`), FROM_OWN_PAGE)
  assert.ok(locationOf(left).href.startsWith(stage.realm.issuer))
  assert.equal(last(await browser.follow(locationOf(left).href)), stage.url('/bye'))
  assert.equal(await statusOf(stage, browser, `/user-info?sid=${sid}`), 401)
  assert.deepEqual(stage.realm.sessions(), [])
})

test('a front end that knows a cookie alone goes through login, profile, services and logout as before', async (t) => {
  const stage = await openOldGateway(t)
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/login'), { username: 'alice', password: '' })
  assert.equal(last(answers), stage.url('/'))
  for (const path of ['/profile', '/api/me']) {
    assert.equal(JSON.parse((await browser.fetch(stage.url(path))).body).sub, ALICE)
  }
  assert.deepEqual(
    stage.upstream.received.map(({ target }) => target),
    ['/'],
    'what an alias owns reaches no service, although a route owns /api/*',
  )
  assert.equal(await statusOf(stage, browser, '/api/orders'), 200)
  assert.equal((await stage.guard('agent').verify(tokenSent(stage) ?? '')).subject, ALICE)
  const left = await browser.follow(stage.url('/logout'), FROM_OWN_PAGE)
  assert.equal(last(left), stage.url('/'))
  assert.equal(await statusOf(stage, browser, '/api/me'), 401)
})

test('whoever is logged in already gets a sid as well, or the front end would ask for ever', async (t) => {
  const stage = await openOldBff(t)
  const { browser, sid } = await logInOldBff(stage)
  const again = await browser.navigate(stage.url('/login?redirect_uri=/other?sid=stale'), FROM_OWN_PAGE)
  assert.equal(locationOf(again).href, stage.url(`/other?sid=${sid}`))
})

test('a fetch logs out by GET, and a page that renews by GET goes on to where it says', async (t) => {
  const stage = await openOldBff(t)
  const { browser } = await logInOldBff(stage)
  const renewed = await browser.navigate(stage.url('/refresh?return_to=/deep'), FROM_OWN_PAGE)
  assert.deepEqual([renewed.status, locationOf(renewed).href], [303, stage.url('/deep')])
  assert.equal(JSON.parse((await browser.fetch(stage.url('/logout'))).body).complete, true)
  assert.equal(await statusOf(stage, browser, '/user-info'), 401)
  const nobody = await browser.navigate(stage.url('/refresh'), FROM_OWN_PAGE)
  assert.equal(nobody.status, 401)
  assert.ok(nobody.body.includes(`href="${stage.url('/auth/login')}"`), 'the page leads to the login')
})

test('the new paths answer beside the old ones, by their own rules', async (t) => {
  const stage = await openOldBff(t)
  const { browser, sid } = await logInOldBff(stage)
  assert.equal(await statusOf(stage, browser, '/auth/user'), 200)
  assert.equal(await statusOf(stage, browser, `/auth/user?sid=${sid}`), 400)
  assert.equal(await statusOf(stage, browser, '/auth/token/models'), 403)
  assert.equal(await statusOf(stage, browser, '/user-info?other=1'), 400)
  assert.equal((await browser.fetch(stage.url('/user-info'), { method: 'POST' })).status, 405)
})

const returnsTo = async (stage: PairStage, path: string) => {
  const { browser } = await logInOldBff(stage)
  return locationOf(await browser.navigate(stage.url(`/login?${path}`), FROM_OWN_PAGE)).pathname
}

test('nobody is returned to an old path that leads nowhere by itself', async (t) => {
  const stage = await openOldBff(t)
  for (const path of ['/login', '/logout', '/callback', 'https://evil.example/']) {
    assert.equal(await returnsTo(stage, `redirect_uri=${encodeURIComponent(path)}`), '/')
  }
})
