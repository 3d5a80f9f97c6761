// Two realms people log in to, each for a front end of its own: attempts, sessions, cookies and logouts keep apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import type { Browser, BrowserAnswer, BrowserRequest } from '@doorman/dev-realm/browser'
import { createCookies } from '../../src/session/session-cookie.ts'
import { askGateway, decode, locationOf, problemCode } from '../support/flow.ts'
import { bring, FROM_REALM } from '../support/login-steps.ts'
import { ALICE, ALICE_OF_MODELS, type PairStage, setClient, setPairStage, tokenSent } from '../support/pair-stage.ts'
import { FRONTS } from '../support/stage.ts'

const REALMS = `
  main:
    issuer: "\${MAIN}"
    clientId: web-gateway
    clientAuth: { secret: web-gateway-test-secret }
  staff:
    issuer: "\${MODELS}"
    clientId: model-gateway
    clientAuth: { secret: model-gateway-test-secret }
`
const ROUTES = `
  - { path: "/agent/*", service: agent, require: { realms: [main, staff] } }
  - { path: "/reports/*", service: reports, require: { realms: [main, staff] } }
  - { path: "/either/*", service: reports, require: { realms: [main, staff], via: [session, bearer] } }
  - { path: "/told/*", service: agent, require: { realms: [main, staff], via: [bearer] } }
  - { path: "/customers/*", service: agent, require: { login: true, via: [session, bearer] } }
  - { path: "/desk/*", service: agent, require: { realms: [staff] } }
`
const SERVICES = `
  agent: { url: "\${UPSTREAM}", credential: internal }
  reports: { url: "\${UPSTREAM}", credential: accessToken }
`

interface Offices {
  readonly stage: PairStage
  /** The staff's front end. */
  readonly staff: string
}

function testOffices(name: string, body: (offices: Offices) => Promise<void>): void {
  for (const front of FRONTS) {
    test(`${name} (${front === 'tls' ? 'behind TLS' : 'direct'})`, async (t) => {
      const staff = `${front === 'tls' ? 'https' : 'http'}://localhost:5173`
      const config = `frontends: [{ origin: "${staff}", realm: staff, home: /desk }]`
      const stage = await setPairStage(t, { front, realms: REALMS, services: SERVICES, routes: ROUTES, config })
      await body({ stage, staff })
    })
  }
}

/** A page of the staff's front end asks. */
function atDesk({ stage, staff }: Offices, browser: Browser, path: string, method = 'GET'): Promise<BrowserAnswer> {
  return browser.fetch(stage.url(path), { method, headers: { origin: staff, 'sec-fetch-site': 'same-site' } })
}

function cookieNameOf({ stage }: Offices, realm: string | null): string {
  const { publicUrl, cookies } = stage.config
  return createCookies({ publicUrl, ...cookies, realm, sameSite: 'Lax' }).sessionName
}

const logIn = ({ stage }: Offices, browser: Browser, path: string) =>
  browser.logIn(stage.url(path), { username: 'alice', password: '' })

/** Logged in as a customer, and as one of the staff. */
async function loggedInTwice(offices: Offices): Promise<Browser> {
  const browser = offices.stage.browser()
  await logIn(offices, browser, '/auth/login?return_to=/nothing')
  await logIn(offices, browser, '/auth/login/staff?return_to=/nothing')
  return browser
}

const subjectOf = (answer: BrowserAnswer): unknown =>
  answer.status === 200 ? JSON.parse(answer.body).sub : answer.status

async function subjects(offices: Offices, browser: Browser): Promise<readonly unknown[]> {
  const own = await browser.fetch(offices.stage.url('/auth/user'))
  return [subjectOf(own), subjectOf(await atDesk(offices, browser, '/auth/user'))]
}

testOffices('a session of one realm is nobody at the other realm’s front end', async (offices) => {
  const { stage } = offices
  const customer = stage.browser()
  await logIn(offices, customer, '/auth/login?return_to=/nothing')
  assert.deepEqual(await subjects(offices, customer), [ALICE, 401])
  const member = stage.browser()
  await logIn(offices, member, '/auth/login/staff?return_to=/nothing')
  assert.deepEqual(await subjects(offices, member), [401, ALICE_OF_MODELS])
  stage.upstream.answer((_, response) => response.end('ok'))
  const received = stage.upstream.received.length
  assert.equal((await atDesk(offices, customer, '/reports/x')).status, 401)
  assert.equal((await member.fetch(stage.url('/reports/x'))).status, 401)
  assert.equal(stage.upstream.received.length, received)
})

testOffices('a session’s cookie under the other realm’s name opens nothing', async (offices) => {
  const { stage } = offices
  const [mainName, staffName] = [cookieNameOf(offices, null), cookieNameOf(offices, 'staff')]
  assert.notEqual(mainName, staffName)
  const browser = await loggedInTwice(offices)
  const ids = { main: browser.cookies.get('localhost', mainName), staff: browser.cookies.get('localhost', staffName) }
  assert.ok(ids.main !== undefined && ids.staff !== undefined && ids.main !== ids.staff)
  const thief = stage.browser()
  thief.cookies.set('localhost', mainName, ids.staff ?? '')
  thief.cookies.set('localhost', staffName, ids.main ?? '')
  assert.deepEqual(await subjects(offices, thief), [401, 401])
  for (const answer of [await thief.fetch(stage.url('/agent/x')), await atDesk(offices, thief, '/agent/x')]) {
    assert.equal(answer.status, 401)
  }
  for (const path of ['/auth/refresh', '/auth/logout', '/auth/logout/staff']) {
    await thief.fetch(stage.url(path), { method: 'POST' })
    await atDesk(offices, thief, path, 'POST')
  }
  assert.deepEqual(await subjects(offices, browser), [ALICE, ALICE_OF_MODELS])
})

testOffices('with both sessions each front end speaks for its own person, to services too', async (offices) => {
  const { stage } = offices
  const browser = await loggedInTwice(offices)
  assert.deepEqual(await subjects(offices, browser), [ALICE, ALICE_OF_MODELS])
  await browser.fetch(stage.url('/agent/x'))
  assert.partialDeepStrictEqual(decode(tokenSent(stage) ?? ''), { sub: ALICE, realm: 'main', client_id: 'web-gateway' })
  await atDesk(offices, browser, '/agent/x')
  assert.partialDeepStrictEqual(decode(tokenSent(stage) ?? ''), {
    sub: ALICE_OF_MODELS,
    realm: 'staff',
    client_id: 'model-gateway',
  })
  await atDesk(offices, browser, '/reports/x')
  assert.equal(decode(tokenSent(stage) ?? '').iss, stage.models.issuer)
  await browser.fetch(stage.url('/reports/x'))
  assert.equal(decode(tokenSent(stage) ?? '').iss, stage.realm.issuer)
})

testOffices('each realm has its callback, and the front end says which realm a login is for', async (offices) => {
  const { stage, staff } = offices
  const asked = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await stage.browser().navigate(stage.url(path), { headers })
    const url = locationOf(answer)
    return [url.href.startsWith(stage.models.issuer), url.searchParams.get('redirect_uri')]
  }
  const atStaff = [true, stage.url('/auth/callback/staff')]
  const atMain = [false, stage.url('/auth/callback')]
  assert.deepEqual(await asked('/auth/login'), atMain)
  assert.deepEqual(await asked('/auth/login/staff'), atStaff)
  assert.deepEqual(await asked(`/auth/login?return_to=${staff}/desk`), atStaff)
  assert.deepEqual(await asked('/auth/login?return_to=/reports/x'), atMain)
  assert.deepEqual(await asked('/auth/login', { referer: `${staff}/desk` }), atStaff)
  assert.deepEqual(await asked('/reports/x'), atMain)
  const refused = await atDesk(offices, stage.browser(), '/reports/x')
  assert.equal(problemCode(refused), 'login_required')
  assert.equal(JSON.parse(refused.body).login_url, stage.url('/auth/login/staff'))
})

/** As far as a realm's answer, which nobody has brought to the gateway yet. */
async function callbackOf({ stage }: Offices, browser: Browser, path: string): Promise<string> {
  const { navigate } = browser
  let callback = ''
  Object.assign(browser, {
    async navigate(url: string, request: BrowserRequest) {
      if (!url.includes('/auth/callback')) return navigate(url, request)
      callback = url
      return { url, method: 'GET', status: 200, headers: new Headers(), cookiesSet: [], body: '' }
    },
  })
  await browser.logIn(stage.url(path), { username: 'alice', password: '' })
  Object.assign(browser, { navigate })
  return callback
}

testOffices('an answer of one realm at the callback of the other logs nobody in', async (offices) => {
  const { stage } = offices
  for (const [path, wrong] of [
    ['/auth/login/staff', '/auth/callback'],
    ['/auth/login', '/auth/callback/staff'],
  ] as const) {
    const browser = stage.browser()
    const callback = new URL(await callbackOf(offices, browser, path))
    const codes = () => stage.realm.calls.count('token') + stage.models.calls.count('token')
    const before = codes()
    const { search } = callback
    assert.equal((await browser.navigate(stage.url(wrong + search), { headers: FROM_REALM })).status, 400)
    assert.equal(codes(), before)
    assert.deepEqual(await subjects(offices, browser), [401, 401])
  }
  // The other realm's answer with the issuer of the one that was asked, and the other way round (mix-up).
  const browser = stage.browser()
  const callback = new URL(await callbackOf(offices, browser, '/auth/login/staff'))
  callback.searchParams.set('iss', stage.realm.issuer)
  assert.equal((await bring(browser, callback.href)).status, 400)
  assert.deepEqual(await subjects(offices, browser), [401, 401])
})

testOffices('a logout ends the session of its realm and leaves the other one', async (offices) => {
  const { stage, staff } = offices
  const browser = await loggedInTwice(offices)
  const left = await atDesk(offices, browser, `/auth/logout?return_to=${staff}/bye`, 'POST')
  assert.equal(left.status, 200)
  assert.deepEqual(await subjects(offices, browser), [ALICE, 401])
  const onward = stage.url(JSON.parse(left.body).logout_url)
  const toRealm = locationOf(await browser.navigate(onward))
  assert.ok(toRealm.href.startsWith(stage.models.issuer))
  assert.equal(toRealm.searchParams.get('post_logout_redirect_uri'), stage.url('/auth/logged-out/staff'))
  const back = locationOf(await browser.navigate(toRealm.href, { headers: FROM_REALM }))
  assert.equal(back.pathname, '/auth/logged-out/staff')
  const end = await browser.navigate(back.href, { headers: FROM_REALM })
  assert.equal(end.headers.get('location'), `${staff}/bye`)
  assert.equal(stage.models.sessions().length, 0)
  assert.equal(stage.realm.sessions().length, 1)
  await logIn(offices, browser, '/auth/login/staff?return_to=/nothing')
  assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assert.deepEqual(await subjects(offices, browser), [401, ALICE_OF_MODELS])
})

testOffices('a logout proof of one session does not end the other', async (offices) => {
  const { stage } = offices
  const browser = await loggedInTwice(offices)
  const { logout_url: ofStaff } = JSON.parse((await atDesk(offices, browser, '/auth/user')).body)
  const { logout_url: ofMain } = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  const [staffUrl, mainUrl] = [new URL(ofStaff, stage.publicUrl), new URL(ofMain, stage.publicUrl)]
  assert.deepEqual([mainUrl.pathname, staffUrl.pathname], ['/auth/logout', '/auth/logout/staff'])
  for (const [path, { search }] of [
    ['/auth/logout', staffUrl],
    ['/auth/logout/staff', mainUrl],
  ] as const) {
    assert.equal((await browser.navigate(stage.url(path + search))).status, 400)
  }
  assert.deepEqual(await subjects(offices, browser), [ALICE, ALICE_OF_MODELS])
  assert.equal((await browser.navigate(staffUrl.href)).status, 303)
  assert.deepEqual(await subjects(offices, browser), [ALICE, 401])
})

testOffices('a refresh renews the tokens of the front end that asks', async (offices) => {
  const { stage } = offices
  const browser = await loggedInTwice(offices)
  const refreshes = () => [stage.realm, stage.models].map(({ calls }) => calls.count('token', GRANT_TYPES.refreshToken))
  assert.equal((await atDesk(offices, browser, '/auth/refresh', 'POST')).status, 200)
  assert.deepEqual(refreshes(), [0, 1])
  assert.equal((await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  assert.deepEqual(refreshes(), [1, 1])
})

testOffices('what one realm’s trouble ends or hides is its own people’s', async (offices) => {
  const { stage } = offices
  const browser = await loggedInTwice(offices)
  await stage.models.stopListening()
  assert.equal((await browser.fetch(stage.url('/reports/x'))).status, 200)
  assert.equal((await stage.browser().navigate(stage.url('/auth/login'))).status, 303)
  assert.equal((await atDesk(offices, browser, '/auth/refresh', 'POST')).status, 503)
  assert.deepEqual(await subjects(offices, browser), [ALICE, ALICE_OF_MODELS])
})

testOffices('a route lets in people of the realms it names, by default those of the first alone', async (offices) => {
  const { stage } = offices
  setClient(stage.models, 'model-gateway', { audiences: ['model-gateway'] })
  const browser = await loggedInTwice(offices)
  assert.equal((await browser.fetch(stage.url('/customers/x'))).status, 200)
  assert.equal((await browser.fetch(stage.url('/desk/x'))).status, 403)
  assert.equal((await atDesk(offices, browser, '/desk/x')).status, 200)
  const received = stage.upstream.received.length
  assert.equal((await atDesk(offices, browser, '/customers/x')).status, 403)
  await atDesk(offices, browser, '/reports/x')
  const authorization = `Bearer ${tokenSent(stage)}`
  assert.equal((await askGateway(stage, '/customers/x', { headers: { authorization } })).status, 403)
  assert.equal(stage.upstream.received.length, received + 1, 'only the request for the report came through')
})

testOffices('a bearer token of either realm is its own person, and opens what takes bearers', async (offices) => {
  const { stage } = offices
  setClient(stage.models, 'model-gateway', { audiences: ['model-gateway'] })
  const browser = await loggedInTwice(offices)
  await browser.fetch(stage.url('/reports/x'))
  const customer = tokenSent(stage) ?? ''
  await atDesk(offices, browser, '/reports/x')
  const member = tokenSent(stage) ?? ''
  const ask = (token: string) => askGateway(stage, '/told/x', { headers: { authorization: `Bearer ${token}` } })
  for (const [token, subject, clientId] of [
    [customer, ALICE, 'web-gateway'],
    [member, ALICE_OF_MODELS, 'model-gateway'],
  ] as const) {
    assert.equal((await ask(token)).status, 200)
    assert.partialDeepStrictEqual(decode(tokenSent(stage) ?? ''), { sub: subject, client_id: clientId })
  }
  const received = stage.upstream.received.length
  const [header, , signature] = member.split('.')
  const body = customer.split('.')[1]
  for (const mixed of [`${header}.${body}.${signature}`, 'opaque', `${header}.e30.${signature}`]) {
    assert.equal((await ask(mixed)).status, 401)
  }
  assert.equal(stage.upstream.received.length, received)
})

test('neither realm’s cookie reaches a service, and either one beside a bearer is 400', async (t) => {
  const config = 'frontends: [{ origin: "http://localhost:5173", realm: staff }]'
  const stage = await setPairStage(t, { realms: REALMS, services: SERVICES, routes: ROUTES, config })
  const offices = { stage, staff: 'http://localhost:5173' }
  const browser = await loggedInTwice(offices)
  await browser.fetch(stage.url('/reports/x'))
  assert.equal(stage.upstream.received.at(-1)?.headers.cookie, undefined)
  const authorization = `Bearer ${tokenSent(stage)}`
  assert.equal((await askGateway(stage, '/either/x', { headers: { authorization } })).status, 200)
  for (const realm of [null, 'staff']) {
    const name = cookieNameOf(offices, realm)
    const cookie = `${name}=${browser.cookies.get('localhost', name)}`
    assert.equal((await askGateway(stage, '/either/x', { headers: { authorization, cookie } })).status, 400)
  }
})
