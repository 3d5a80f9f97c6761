// What a link to the login may ask for, and how the realm hears of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locationOf, sessionCookieName, setStage, statusOf, testOnBothFronts } from '../support/flow.ts'

const ALICE = { username: 'alice', password: '' }

const PARAMETERS = `login: { parameters: { kc_idp_hint: any, acr_values: any } }`

testOnBothFronts(
  'what a link asks of the realm reaches it, each value as one value',
  async (stage) => {
    const asked = {
      max_age: '60',
      login_hint: 'x&prompt=none#y z',
      ui_locales: 'de en',
      kc_idp_hint: 'corporate-saml',
      acr_values: 'silver gold',
    }
    const browser = stage.browser()
    const start = await browser.navigate(stage.url(`/auth/login?force=true&${new URLSearchParams(asked)}`))
    await browser.navigate(locationOf(start).href)
    const [call] = stage.realm.calls.list('auth')
    for (const [name, value] of Object.entries({ ...asked, prompt: 'login' }))
      assert.equal(call?.parameters[name], value)
    assert.equal(new Set(call?.parameterNames).size, call?.parameterNames.length)
    assert.equal(call?.parameterNames.includes('force'), false)
    assert.equal(call?.parameters.response_type, 'code')
    assert.equal(call?.parameters.code_challenge_method, 'S256')
    assert.ok(call?.parameters.scope?.split(' ').includes('openid'))
    assert.equal(call?.parameters.redirect_uri, stage.url('/auth/callback'))
  },
  { config: PARAMETERS },
)

const REFUSED_QUERIES = [
  'kc_idp_hint=x%26prompt%3Dnone',
  'return_to=/a&return_to=/b',
  'prompt=login&prompt=none',
  'prompt=none%20login',
  'force=true&prompt=none',
  'max_age=-1',
  'redirect_uri=https%3A%2F%2Fevil.example%2F',
  'client_id=other',
  'scope=openid%20admin',
  'response_type=token',
  'login_hint=a%00b',
  'kc_action=UPDATE_PASSWORD',
  '__proto__=x',
]

test('a parameter that is unknown, doubled, malformed or not allowed starts no login', async (t) => {
  const stage = await setStage(t, { config: PARAMETERS })
  for (const query of REFUSED_QUERIES) {
    await t.test(query, async () => {
      const answer = await stage.browser().navigate(stage.url(`/auth/login?${query}`))
      assert.equal(answer.status, 400)
      assert.deepEqual(answer.cookiesSet, [])
    })
  }
})

test('the number of logins in progress is bounded, and the newest one can be finished', async (t) => {
  const stage = await setStage(t)
  const browser = stage.browser()
  for (let tab = 0; tab < 12; tab += 1) await browser.navigate(stage.url('/auth/login'))
  const attempts = browser.cookies.names('localhost').filter((name) => name.includes('-login-'))
  assert.equal(attempts.length, stage.config.login.maxAttempts)
  assert.ok((browser.cookies.header(stage.publicUrl) ?? '').length < 8192)
  await browser.logIn(stage.url('/auth/login'), ALICE)
  assert.equal(await statusOf(stage, browser), 200)
})

testOnBothFronts('a silent login without a session at the realm comes back anonymous', async (stage) => {
  const browser = stage.browser()
  const last = (await browser.follow(stage.url('/auth/login?prompt=none&return_to=/public/x'))).at(-1)
  assert.equal(last?.url, stage.url('/public/x'))
  assert.equal(last?.status, 200)
  assert.deepEqual(
    browser.cookies.names('localhost').filter((name) => name.includes('doorman')),
    [],
  )
})

test('a silent login with a session at the realm logs in without a page', async (t) => {
  const stage = await setStage(t)
  const browser = await stage.loggedIn()
  browser.cookies.set('localhost', sessionCookieName(stage), 'A'.repeat(43))
  const last = (await browser.follow(stage.url('/auth/login?prompt=none&return_to=/page/x'))).at(-1)
  assert.equal(last?.url, stage.url('/page/x'))
  assert.equal(last?.status, 200)
})
