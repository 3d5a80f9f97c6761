import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giveTokenToPage, type PageTokenOptions } from '../../src/issuer/page-token.ts'
import { headerOf } from '../support/cookie-jar.ts'
import { tokenOf } from '../support/credentials.ts'
import { buildRequest, COOKIES, createTokenBench, PUBLIC_URL, type TokenBench } from '../support/token-bench.ts'

const OWN = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'x-doorman': '1' }

async function openPage() {
  const bench = await createTokenBench()
  bench.realm('main').onExchange(tokenOf('assertion-1', 1050))
  bench.realm('models').onAssertion(tokenOf('models-token', 1060, 'infer'))
  const { sessionId, live } = await bench.open()
  return { ...bench, live, cookie: `__Host-Http-doorman=${sessionId}` }
}

function ask(
  bench: TokenBench,
  headers: Readonly<Record<string, string>>,
  realm = 'models',
  query = '',
  provedBy: PageTokenOptions['provedBy'] = 'our-header',
) {
  return giveTokenToPage(buildRequest(`/auth/token/${realm}${query}`, headers, 'GET'), {
    realm,
    ownOrigin: PUBLIC_URL,
    provedBy,
    sessions: bench.lifecycle,
    cookies: COOKIES,
    credentials: bench.credentials,
    loginUrl: `${PUBLIC_URL}/auth/login`,
    secondLoginUrl: `${PUBLIC_URL}/auth/login/${realm}`,
    events: bench.bus,
  })
}

test("the person's own page gets the token of the second realm, and no other", async () => {
  const bench = await openPage()
  const reply = await ask(bench, { ...OWN, cookie: bench.cookie })
  assert.equal(reply.status, 200)
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
  assert.equal(
    reply.headers.some(([name]) => name.startsWith('access-control-')),
    false,
  )
  assert.deepEqual(JSON.parse(reply.body), {
    access_token: 'models-token',
    token_type: 'Bearer',
    expires_in: 60,
    expires_at: 1060,
    scope: 'infer',
  })
})

test('it is told, and counts as a use of the session', async () => {
  const bench = await openPage()
  bench.clock.advance(5)
  await ask(bench, { ...OWN, cookie: bench.cookie })
  assert.equal(bench.live.lastUsedAt, bench.clock.now())
  const { subject, handle } = bench.live.session
  assert.deepEqual(bench.told.at(-1), {
    kind: 'token.served',
    requestId: 'request-1',
    realm: 'models',
    calledService: null,
    service: null,
    subject,
    session: handle,
  })
})

test('the origin of the page may be told when it is ours', async () => {
  const bench = await openPage()
  assert.equal((await ask(bench, { ...OWN, origin: PUBLIC_URL, cookie: bench.cookie })).status, 200)
})

const NOT_OURS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no Fetch Metadata': { 'x-doorman': '1' },
  'another site': { ...OWN, 'sec-fetch-site': 'cross-site' },
  'another origin of the same site': { ...OWN, 'sec-fetch-site': 'same-site' },
  'an address typed in': { ...OWN, 'sec-fetch-site': 'none' },
  'no header of ours': { 'sec-fetch-site': 'same-origin' },
  'another value of our header': { ...OWN, 'x-doorman': 'true' },
  'a foreign Origin': { ...OWN, origin: 'https://evil.example' },
  'no Origin to speak of': { ...OWN, origin: 'null' },
}

for (const [what, headers] of Object.entries(NOT_OURS)) {
  test(`a request with ${what} is refused before anybody looks at its session`, async () => {
    const bench = await openPage()
    await assert.rejects(ask(bench, { ...headers, cookie: bench.cookie }), { code: 'ERR_POLICY_CSRF' })
    assert.equal(bench.realm('models').assertions.length, 0)
  })
}

const FETCH = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }
const NO_FETCH: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'nothing but our header': { 'x-doorman': '1' },
  'our header, and no destination': { 'sec-fetch-site': 'same-origin', 'x-doorman': '1' },
  'an address typed in': { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' },
  'a link of our own page': { ...FETCH, 'sec-fetch-dest': 'document' },
  'a script element': { ...FETCH, 'sec-fetch-dest': 'script' },
  'a prefetch': { ...FETCH, 'sec-purpose': 'prefetch' },
  'a frame': { ...FETCH, 'sec-fetch-dest': 'iframe' },
  'a fetch of another origin of the same site': { ...FETCH, 'sec-fetch-site': 'same-site' },
  'a fetch of another site': { ...FETCH, 'sec-fetch-site': 'cross-site' },
  'a foreign Origin': { ...FETCH, origin: 'https://evil.example' },
}

test('where older front ends ask, a fetch of our own page needs no header of ours', async () => {
  const bench = await openPage()
  assert.equal((await ask(bench, { ...FETCH, cookie: bench.cookie }, 'models', '', 'fetch-destination')).status, 200)
})

for (const [what, headers] of Object.entries(NO_FETCH)) {
  test(`where older front ends ask, ${what} gets nothing`, async () => {
    const bench = await openPage()
    const asked = ask(bench, { ...headers, cookie: bench.cookie }, 'models', '', 'fetch-destination')
    await assert.rejects(asked, { code: 'ERR_POLICY_CSRF' })
    assert.equal(bench.realm('models').assertions.length, 0)
  })
}

test('takes no parameter', async () => {
  const bench = await openPage()
  const asked = ask(bench, { ...OWN, cookie: bench.cookie }, 'models', '?realm=main')
  await assert.rejects(asked, { code: 'ERR_REQUEST_MALFORMED' })
})

test('nobody is a 401 that says where to log in', async () => {
  const reply = await ask(await openPage(), OWN)
  assert.equal(reply.status, 401)
  assert.equal(JSON.parse(reply.body).login_url, `${PUBLIC_URL}/auth/login`)
})

test('whoever has not logged in at the second realm is told where', async () => {
  const bench = await openPage()
  const reply = await ask(bench, { ...OWN, cookie: bench.cookie }, 'partner')
  assert.equal(reply.status, 401)
  assert.deepEqual(
    [JSON.parse(reply.body).code, JSON.parse(reply.body).login_url],
    ['second_login_required', `${PUBLIC_URL}/auth/login/partner`],
  )
})

test('a realm in trouble is a 503 with its pause', async () => {
  const bench = await createTokenBench()
  bench.realm('main').onExchange({ kind: 'unavailable', because: '503', retryAfterSeconds: 4 })
  const { sessionId } = await bench.open()
  const reply = await ask(bench, { ...OWN, cookie: `__Host-Http-doorman=${sessionId}` })
  assert.equal(reply.status, 503)
  assert.equal(headerOf(reply, 'retry-after'), '4')
})
