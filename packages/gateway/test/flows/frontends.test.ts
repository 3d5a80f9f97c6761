// Front ends of other origins: who may call with a session, who may read the answer, and where people are sent back to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserAnswer, BrowserRequest } from '@doorman/dev-realm/browser'
import { askGateway, cookieOf, problemCode, sessionCookieName } from '../support/flow.ts'
import { type PairStage, setPairStage } from '../support/pair-stage.ts'
import { FRONTS } from '../support/stage.ts'

const CROSS_SITE = 'https://other.example'
const EVIL = 'https://evil.example'

const ROUTES = `
  - { path: "/reports/*", service: reports, require: { login: true } }
  - { path: "/read/*", service: reports, methods: [GET, POST], require: { login: true } }
  - { path: "/admin/*", service: reports, require: { roles: [admin] } }
  - { path: "/open/*", service: feed, require: none }
`

/** Same site, other origins. */
const frontendsOf = (scheme: string) => [`${scheme}://localhost:5173`, `${scheme}://localhost:5174`] as const

/** `admin` has a home; a page of another site is only there behind TLS. */
function testFrontends(name: string, body: (stage: PairStage, origins: readonly string[]) => Promise<void>): void {
  for (const front of FRONTS) {
    test(`${name} (${front === 'tls' ? 'behind TLS, one on another site' : 'direct'})`, async (t) => {
      const [app, admin] = frontendsOf(front === 'tls' ? 'https' : 'http')
      const other = front === 'tls' ? [CROSS_SITE] : []
      const list = [
        `{ origin: "${app}" }`,
        `{ origin: "${admin}", home: /start }`,
        ...other.map((origin) => `{ origin: "${origin}" }`),
      ]
      const stage = await setPairStage(t, { front, routes: ROUTES, config: `frontends: [${list.join(', ')}]` })
      await body(stage, [app, admin, ...other])
    })
  }
}

/** What a browser says about a fetch of a page of this origin. */
function from(origin: string): Readonly<Record<string, string>> {
  return { origin, 'sec-fetch-site': origin === CROSS_SITE || origin === EVIL ? 'cross-site' : 'same-site' }
}

const corsHeaders = ({ headers }: Pick<BrowserAnswer, 'headers'>) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

function assertReadable(answer: BrowserAnswer, origin: string): void {
  assert.equal(answer.headers.get('access-control-allow-origin'), origin)
  assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /retry-after/)
  assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/)
}

testFrontends(
  'every answer can be read by a listed origin, ours and a service’s, good and bad',
  async (stage, origins) => {
    const alice = await stage.loggedIn()
    for (const origin of origins) {
      for (const [browser, path, status] of [
        [alice, '/auth/user', 200],
        [alice, '/reports/x', 200],
        [alice, '/open/x', 200],
        [alice, '/admin/x', 403],
        [alice, '/nothing', 404],
        [stage.browser(), '/reports/x', 401],
        [stage.browser(), '/auth/user', 401],
        [stage.browser(), '/.well-known/jwks.json', 200],
      ] as const) {
        const answer = await browser.fetch(stage.url(path), { headers: from(origin) })
        assert.equal(answer.status, status, `${path} from ${origin}`)
        assertReadable(answer, origin)
      }
      for (const [path, status] of [
        ['/reports/x', 200],
        ['/auth/refresh', 200],
      ] as const) {
        const answer = await alice.fetch(stage.url(path), { method: 'POST', headers: from(origin) })
        assert.equal(answer.status, status)
        assertReadable(answer, origin)
      }
    }
  },
)

testFrontends('a service that is down is told to the page, not to the console alone', async (stage, [app = '']) => {
  const alice = await stage.loggedIn()
  stage.upstream.answer((message) => message.socket.destroy())
  const answer = await alice.fetch(stage.url('/reports/x'), { headers: from(app) })
  assert.equal(answer.status, 502)
  assertReadable(answer, app)
})

testFrontends('no other origin gets in, nor can it read that it was refused', async (stage) => {
  const alice = await stage.loggedIn()
  for (const origin of [
    EVIL,
    'null',
    `${stage.publicUrl}.evil.example`,
    stage.publicUrl.replace('localhost', 'LOCALHOST'),
    'http://localhost:5175',
  ]) {
    for (const method of ['GET', 'POST']) {
      for (const path of ['/reports/x', '/auth/user', '/auth/logout']) {
        const answer = await alice.fetch(stage.url(path), {
          method,
          headers: { origin, 'sec-fetch-site': 'cross-site' },
        })
        assert.ok(answer.status >= 400, `${method} ${path} from ${origin}: ${answer.status}`)
        assert.deepEqual(corsHeaders(answer), [])
        assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/)
      }
    }
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await alice.fetch(stage.url('/auth/user'))).status, 200)
})

function preflight(stage: PairStage, origin: string, path: string, method = 'PUT'): Promise<BrowserAnswer> {
  const headers = {
    ...from(origin),
    'access-control-request-method': method,
    'access-control-request-headers': 'content-type, x-doorman, x-tenant',
  }
  return stage.browser().fetch(stage.url(path), { method: 'OPTIONS', headers })
}

testFrontends('preflights are answered here, without a session and without a service', async (stage, origins) => {
  for (const origin of origins) {
    for (const [path, methods] of [
      ['/reports/x', 'PUT'],
      ['/read/x', 'GET, POST, HEAD'],
      ['/auth/logout', 'GET, POST'],
    ] as const) {
      const answer = await preflight(stage, origin, path)
      assert.equal(answer.status, 204)
      assert.equal(answer.headers.get('access-control-allow-origin'), origin)
      assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
      assert.equal(answer.headers.get('access-control-allow-methods'), methods)
      assert.equal(answer.headers.get('access-control-allow-headers'), 'content-type, x-doorman, x-tenant')
      assert.equal(answer.body, '')
    }
  }
  for (const origin of [EVIL, 'null']) {
    const refused = await preflight(stage, origin, '/reports/x')
    assert.equal(refused.status, 403)
    assert.deepEqual(corsHeaders(refused), [])
  }
  assert.deepEqual(stage.upstream.received, [])
})

testFrontends('what a service says about other origins is not passed on', async (stage, [app = '']) => {
  const alice = await stage.loggedIn()
  stage.upstream.answer((_, response) => {
    response.writeHead(200, {
      'Access-Control-Allow-Origin': EVIL,
      'access-control-allow-credentials': 'true',
      'ACCESS-CONTROL-ALLOW-HEADERS': '*',
      'access-control-max-age': '86400',
      vary: 'Accept',
    })
    response.end('x')
  })
  const own = await alice.fetch(stage.url('/reports/x'))
  assert.deepEqual(corsHeaders(own), [])
  const answer = await alice.fetch(stage.url('/reports/x'), { headers: from(app) })
  assertReadable(answer, app)
  assert.equal(answer.headers.get('access-control-allow-headers'), null)
  assert.match(answer.headers.get('vary') ?? '', /Accept/)
})

/** Where a login that began at `path` ends; front ends are not really there. */
async function landing(
  stage: PairStage,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const browser = stage.browser()
  const { navigate } = browser
  let last = ''
  Object.assign(browser, {
    async navigate(url: string, request: BrowserRequest) {
      last = url
      if ([stage.publicUrl, stage.realm.url].some((known) => url.startsWith(`${known}/`))) return navigate(url, request)
      return { url, method: 'GET', status: 200, headers: new Headers(), cookiesSet: [], body: '' }
    },
  })
  await browser.follow(stage.url(path), { headers })
  await browser.logIn(last, { username: 'alice', password: '' })
  return last
}

testFrontends('people come back to the front end they came from', async (stage, origins) => {
  const [app = '', admin = ''] = origins
  for (const origin of origins) {
    assert.equal(await landing(stage, `/auth/login?return_to=${origin}/deep?q=1`), `${origin}/deep?q=1`)
  }
  assert.equal(await landing(stage, '/auth/login', { referer: `${admin}/somewhere` }), `${admin}/start`)
  assert.equal(await landing(stage, '/auth/login', { referer: `${app}/somewhere` }), `${app}/`)
  for (const foreign of [
    EVIL,
    `${app}.evil.example`,
    `${app}@evil.example`,
    '//evil.example',
    'http://localhost:51739/',
  ]) {
    const to = await landing(stage, `/auth/login?return_to=${encodeURIComponent(foreign)}`, {
      referer: `${EVIL}/x`,
    })
    assert.equal(to, `${stage.publicUrl}/`)
  }
})

testFrontends('the cookie is SameSite=None only for a front end on another site', async (stage) => {
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/auth/login'), { username: 'alice', password: '' })
  const lines = answers
    .flatMap(({ headers }) => headers.getSetCookie())
    .filter((line) => line.startsWith(`${sessionCookieName(stage)}=`))
  assert.equal(lines.length, 1)
  const isCrossSite = stage.config.frontends.some((frontend) => frontend.isCrossSite)
  assert.match(lines[0] ?? '', isCrossSite ? /; Secure; SameSite=None$/ : /; HttpOnly; SameSite=Lax$/)
  const attempts = answers.flatMap(({ headers }) => headers.getSetCookie()).filter((line) => line.includes('-login-'))
  for (const line of attempts) assert.match(line, /SameSite=Lax$/)
})

testFrontends('a page of another site may fetch, and embed nothing', async (stage, origins) => {
  const cookie = cookieOf(stage, await stage.loggedIn())
  const site = origins.includes(CROSS_SITE) ? 'cross-site' : 'same-site'
  const ask = (headers: Readonly<Record<string, string>>) =>
    askGateway(stage, '/reports/x', { headers: { cookie, 'sec-fetch-site': site, ...headers } })
  const origin = origins.at(-1) ?? ''
  assert.equal((await ask({ origin, 'sec-fetch-mode': 'cors' })).status, 200)
  for (const headers of [
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', origin: EVIL },
  ]) {
    const answer = await ask(headers as Readonly<Record<string, string>>)
    assert.equal(answer.status, 403, JSON.stringify(headers))
  }
  assert.equal(stage.upstream.received.length, 1)
})

testFrontends('a front end may log people out, and only with the session it has', async (stage, [app = '']) => {
  const alice = await stage.loggedIn()
  const answer = await alice.fetch(stage.url('/auth/logout'), { method: 'POST', headers: from(app) })
  assert.equal(answer.status, 200)
  assertReadable(answer, app)
  const gone = await alice.fetch(stage.url('/auth/user'), { headers: from(app) })
  assert.equal(problemCode(gone), 'login_required')
  assert.equal(JSON.parse(gone.body).login_url, stage.url('/auth/login'))
})
