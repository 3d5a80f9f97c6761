// Callers that are no browsers: access tokens of the realm open routes that say so, and nothing else does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aliceToken, assertBearerRefused, authorizationOf, BEARERS, robotTokens } from '../support/bearers.ts'
import { askGateway, cookieOf, decode, statusOf } from '../support/flow.ts'
import { setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'

testPairOnBothFronts(
  'an access token opens a route that takes bearers, and its service receives its own credential',
  async (stage) => {
    const token = await aliceToken(stage)
    const app = stage.browser()
    for (const path of ['/either/x', '/bearer/x', '/exchanged/x']) {
      assert.equal((await app.fetch(stage.url(path), { headers: authorizationOf(token) })).status, 200, path)
    }
    const [internal, own, exchanged] = stage.upstream.received.map(({ headers }) => headers.authorization ?? '')
    const { sub, aud, client_id, sid, exp } = decode(internal ?? '')
    assert.deepEqual(
      { sub, aud, client_id, sid },
      { sub: decode(token).sub, aud: 'agent', client_id: 'web-gateway', sid: undefined },
    )
    assert.ok(Number(exp) <= Number(decode(token).exp), 'ours ends with theirs')
    assert.equal(own, `Bearer ${token}`)
    assert.equal(decode(exchanged ?? '').aud, 'billing')
    assert.deepEqual(app.cookies.names('localhost'), [])
  },
  BEARERS,
)

testPairOnBothFronts(
  'a bearer needs no proof of its origin, because no browser adds one by itself',
  async (stage) => {
    const headers = authorizationOf(await aliceToken(stage))
    for (const evidence of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await askGateway(stage, '/either/x', { method: 'POST', headers: { ...headers, ...evidence } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
    assert.equal((await askGateway(stage, '/either/x', { method: 'POST' })).status, 403)
  },
  BEARERS,
)

testPairOnBothFronts(
  'who brings nothing is asked for a bearer and told no error, and for a login where that is another way',
  async (stage) => {
    assertBearerRefused(stage, await askGateway(stage, '/bearer/x'), 401, 'token_required', '')
    assertBearerRefused(stage, await askGateway(stage, '/either/x'), 401, 'login_required', '')
    const basic = { headers: { authorization: 'Basic YWxpY2U6eA==' } }
    assertBearerRefused(stage, await askGateway(stage, '/bearer/x', basic), 401, 'token_required', '')
    const alice = await stage.loggedIn()
    assert.equal(await statusOf(stage, alice, '/either/x'), 200)
    assert.equal(await statusOf(stage, alice, '/bearer/x'), 401)
    assert.equal((await stage.browser().navigate(stage.url('/either/x'))).status, 303)
    assert.equal((await stage.browser().navigate(stage.url('/bearer/x'))).status, 401)
  },
  BEARERS,
)

test('a token beside a session, in the query, twice or in pieces is 400', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const token = await aliceToken(stage)
  const headers = authorizationOf(token)
  const cookie = cookieOf(stage, await stage.loggedIn())
  const malformed: ReadonlyArray<readonly [path: string, headers: Readonly<Record<string, string>>]> = [
    ['/either/x', { ...headers, cookie }],
    ['/either/x', { ...headers, cookie: cookie.replace(/=.*/, '=nonsense') }],
    [`/either/x?access_token=${token}`, {}],
    ['/either/x?a=1&access_token=', headers],
    [`/bearer/x?access_token=${token}`, headers],
    ['/bearer/x', { authorization: 'Bearer' }],
    ['/bearer/x', { authorization: `Bearer ${token}, Bearer ${token}` }],
    ['/bearer/x', { authorization: `Bearer ${token} x` }],
  ]
  for (const [path, sent] of malformed) {
    assertBearerRefused(
      stage,
      await askGateway(stage, path, { headers: sent }),
      400,
      'invalid_request',
      'invalid_request',
    )
  }
})

testPairOnBothFronts(
  'on every other route Authorization from outside is dropped',
  async (stage) => {
    const token = await aliceToken(stage)
    const headers = authorizationOf(token)
    assert.equal((await askGateway(stage, '/session/x', { headers })).status, 401)
    const bob = await stage.loggedIn('bob')
    assert.equal(
      (await askGateway(stage, '/session/x', { headers: { ...headers, cookie: cookieOf(stage, bob) } })).status,
      200,
    )
    assert.equal(decode(tokenSent(stage) ?? '').preferred_username, 'bob')
    assert.equal((await askGateway(stage, '/open/x', { headers })).status, 200)
    assert.equal(tokenSent(stage), undefined)
    assert.equal((await askGateway(stage, '/auth/user', { headers })).status, 401)
  },
  BEARERS,
)

test('rules about the person apply to bearers, and a missing scope is named', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const person = authorizationOf(await aliceToken(stage))
  const { access_token: robot = '' } = await robotTokens(stage, 'web-gateway')
  assert.equal((await askGateway(stage, '/robots/x', { headers: authorizationOf(robot) })).status, 200)
  const forbidden = await askGateway(stage, '/robots/x', { headers: person })
  assert.equal(forbidden.status, 403)
  assert.equal(JSON.parse(forbidden.body).code, 'forbidden')
  const scope = await askGateway(stage, '/scoped/x', { headers: person })
  assert.equal(scope.status, 403)
  const { host } = new URL(stage.publicUrl)
  assert.equal(
    scope.headers['www-authenticate'],
    `Bearer realm="${host}", error="insufficient_scope", scope="email invoices"`,
  )
})

test('a bearer cannot log in to a second realm', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const headers = authorizationOf(await aliceToken(stage))
  const answer = await askGateway(stage, '/models/x', { headers })
  assert.equal(answer.status, 403)
  assert.equal(JSON.parse(answer.body).code, 'forbidden')
  assert.deepEqual(stage.upstream.received, [])
})

test('a token that was good enough elsewhere is judged anew by each route (CVE-2021-32701)', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const headers = authorizationOf(await aliceToken(stage))
  for (const [path, status] of [
    ['/bearer/x', 200],
    ['/scoped/x', 403],
    ['/robots/x', 403],
    ['/bearer/x', 200],
  ] as const) {
    assert.equal((await askGateway(stage, path, { headers })).status, status)
  }
})
