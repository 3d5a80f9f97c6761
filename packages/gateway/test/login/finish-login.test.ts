import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import { createCookieJar, FROM_REALM, headerOf, locationOf, setCookies } from '../support/cookie-jar.ts'
import { begin, callbackUrl, createFrontDoor, finish, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed, ISSUER } from '../support/scripted-party.ts'

const attempts = (names: Iterable<string>) => [...names].filter((name) => name.includes('-login-'))

test('a login ends where it was asked to, with a session and without the attempt', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  assert.equal(locationOf(await finish(door, jar)), '/orders')
  assert.match(jar.cookies.get(SESSION_COOKIE) ?? '', /^[\w-]{43}$/)
  assert.deepEqual(attempts(jar.cookies.keys()), [])
  const found = await door.sessions.find(jar.cookies.get(SESSION_COOKIE))
  assert.equal(found.kind === 'active' && found.live.session.subject, 'alice-id')
  assert.equal(found.kind === 'active' && found.live.session.issuer, ISSUER)
})

test('the code goes out with the verifier and the nonce of its own attempt', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  await finish(door, jar)
  const [asked] = door.realm.asked
  const { codeVerifier, nonce } = asked ?? {}
  assert.deepEqual(door.realm.redeemed, [
    {
      code: 'code-1',
      redirectUri: 'https://app.example/auth/callback',
      codeVerifier,
      nonce,
      maxAgeSeconds: null,
      acrValues: [],
    },
  ])
})

test('max_age and acr_values that were asked for are judged in the token', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?max_age=60&acr_values=gold+silver')
  await finish(door, jar)
  assert.equal(door.realm.redeemed[0]?.maxAgeSeconds, 60)
  assert.deepEqual(door.realm.redeemed[0]?.acrValues, ['gold', 'silver'])
})

test('a token with a lower acr than asked for opens no session', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?acr_values=gold')
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_LOGIN_ACR_INSUFFICIENT')))
  const reply = await finish(door, jar)
  assert.equal(reply.status, 403)
  assert.equal(jar.cookies.size, 0)
})

test('two tabs log in at once and both arrive', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/one')
  const first = callbackUrl(door, { code: 'code-1' })
  await begin(door, jar, '?return_to=/two')
  const second = callbackUrl(door, { code: 'code-2' })
  assert.equal(locationOf(await finish(door, jar, second)), '/two')
  assert.equal(locationOf(await finish(door, jar, first)), '/one')
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
})

test('every login makes a new id and ends the session before it', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const before = jar.cookies.get(SESSION_COOKIE)
  await begin(door, jar, '?force=true')
  await finish(door, jar)
  assert.notEqual(jar.cookies.get(SESSION_COOKIE), before)
  assert.equal((await door.sessions.find(before)).kind, 'none')
  const ended = door.events.find(({ kind }) => kind === 'session.ended')
  assert.equal(ended?.kind === 'session.ended' && ended.by, 'new-login')
  assert.deepEqual(door.realm.ended, [], 'the realm keeps its own session, which is now the new one’s as well')
})

test('an answer without the cookie of its attempt opens nothing and asks the realm nothing', async () => {
  const door = createFrontDoor()
  await begin(door, createCookieJar())
  const victim = createCookieJar()
  const reply = await finish(door, victim)
  assert.equal(reply.status, 400)
  assert.equal(victim.cookies.size, 0)
  assert.equal(door.realm.redeemed.length, 0)
})

for (const [what, state] of [
  ['unknown', 'A'.repeat(43)],
  ['malformed', 'x'],
  ['empty', ''],
] as const) {
  test(`an answer with a state that is ${what} makes no call to the realm`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar)
    assert.equal((await finish(door, jar, callbackUrl(door, { state }))).status, 400)
    assert.equal(door.realm.redeemed.length, 0)
  })
}

test('with an unknown state but a live session the browser goes to the application', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const reply = await finish(door, jar, callbackUrl(door, { state: 'A'.repeat(43) }))
  assert.equal(locationOf(reply), '/')
  assert.deepEqual(setCookies(reply), [])
  assert.equal(door.realm.redeemed.length, 1)
})

const issuers: ReadonlyArray<readonly [string, string]> = [
  ['another issuer', 'https://sso.example/realms/other'],
  ['an issuer with a slash more', `${ISSUER}/`],
  ['an empty issuer', ''],
]
for (const [what, iss] of issuers) {
  test(`${what} is refused before the code is sent, on errors too`, async () => {
    const door = createFrontDoor()
    for (const rest of [{}, { error: 'access_denied' }]) {
      const jar = createCookieJar()
      await begin(door, jar)
      const reply = await finish(door, jar, callbackUrl(door, { iss, ...rest }))
      assert.equal(reply.status, 400)
      assert.deepEqual(attempts(jar.cookies.keys()), [])
      const event = door.events.at(-1)
      assert.equal(event?.kind === 'login.refused' && event.code, 'ERR_LOGIN_ISSUER_MISMATCH')
    }
    assert.equal(door.realm.redeemed.length, 0)
  })
}

test('an answer without iss is refused when the realm announces it, and taken when it does not', async () => {
  for (const announces of [true, false]) {
    const door = createFrontDoor(announces)
    const jar = createCookieJar()
    await begin(door, jar)
    const url = callbackUrl(door).replace(/iss=[^&]*&?/, '')
    assert.equal((await finish(door, jar, url)).status, announces ? 400 : 303)
  }
})

test('an answer to an attempt of another issuer is refused', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  const url = callbackUrl(door, { iss: 'https://sso.example/realms/other' })
  const realm = { ...door.realm, issuer: 'https://sso.example/realms/other' }
  const reply = await finishLogin(jar.request(url, FROM_REALM), { ...door.login, realm })
  assert.equal(reply.status, 400)
  assert.equal(door.realm.redeemed.length, 0)
})

test('a doubled parameter is refused', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  await assert.rejects(finish(door, jar, `${callbackUrl(door)}&code=other`), { code: 'ERR_REQUEST_MALFORMED' })
  assert.equal(door.realm.redeemed.length, 0)
})

test('an attempt older than ten minutes is refused though the browser still sends it', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  door.clock.advance(600)
  const reply = await finish(door, jar)
  assert.equal(reply.status, 400)
  assert.ok(reply.body.includes('href="/auth/login?return_to=%2Forders"'))
  assert.equal(door.realm.redeemed.length, 0)
})

const hidden: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  ['an iframe', { ...FROM_REALM, 'sec-fetch-dest': 'iframe' }],
  ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'cross-site' }],
  ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' }],
]
for (const [what, headers] of hidden) {
  test(`${what} finishes no login`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar)
    const request = jar.request(callbackUrl(door), headers)
    await assert.rejects(finishLogin(request, door.login), { code: 'ERR_POLICY_CSRF' })
    assert.equal(door.realm.redeemed.length, 0)
  })
}

test('of two answers at once one redeems; the other waits for it and goes to the application', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  const release = Promise.withResolvers<void>()
  door.realm.onRedeem(async () => {
    await release.promise
    return buildRedeemed()
  })
  const polled: number[] = []
  const wait = async (seconds: number) => {
    polled.push(seconds)
    if (polled.length === 3) release.resolve()
    await new Promise(setImmediate)
  }
  const request = () => jar.request(callbackUrl(door), FROM_REALM)
  const first = finishLogin(request(), door.login)
  const second = await finishLogin(request(), { ...door.login, wait })
  assert.equal(locationOf(second), '/orders')
  assert.ok(polled.length >= 3)
  assert.ok(!setCookies(second).some((line) => line.startsWith(`${SESSION_COOKIE}=`)))
  jar.take(await first)
  assert.equal(door.realm.redeemed.length, 1)
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
})

test('whoever waits for an answer that never comes gives up after the bound', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  door.realm.onRedeem(() => new Promise(() => {}))
  void finishLogin(jar.request(callbackUrl(door), FROM_REALM), door.login)
  let waited = 0
  const wait = async (seconds: number) => {
    waited += seconds
  }
  const reply = await finishLogin(jar.request(callbackUrl(door), FROM_REALM), { ...door.login, wait })
  assert.equal(reply.status, 303)
  assert.ok(Math.abs(waited - 5) < 0.2)
})

test('an answer sent again redeems nothing and leaves the session alone', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  const request = jar.request(callbackUrl(door), FROM_REALM)
  jar.take(await finishLogin(request, door.login))
  const reply = await finishLogin(request, door.login)
  assert.equal(locationOf(reply), '/')
  assert.ok(!setCookies(reply).some((line) => line.startsWith(`${SESSION_COOKIE}=`)))
  assert.equal(door.realm.redeemed.length, 1)
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
  const event = door.events.at(-1)
  assert.equal(event?.kind === 'login.refused' && event.code, 'ERR_LOGIN_ATTEMPT_REPLAYED')
})

for (const code of ['ERR_LOGIN_CODE_REJECTED', 'ERR_REALM_UNREACHABLE', 'ERR_REALM_TIMEOUT'] as const) {
  test(`after ${code} the login starts again with the same wish, twice, and is then explained`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar, '?return_to=/orders&max_age=60')
    door.realm.onRedeem(() => Promise.reject(new GatewayError(code)))
    for (const restart of [1, 2]) {
      assert.match(locationOf(await finish(door, jar)), /^https:\/\/sso\.example\/.*max_age=60/)
      assert.equal(door.realm.asked.length, 1 + restart)
      assert.equal(attempts(jar.cookies.keys()).length, 1)
    }
    const states = door.realm.asked.map(({ state }) => state)
    assert.equal(new Set(states).size, 3)
    const reply = await finish(door, jar)
    assert.equal(reply.status, 400)
    assert.ok(reply.body.includes('href="/auth/login?return_to=%2Forders"'))
    assert.equal(door.realm.redeemed.length, 3)
    assert.equal(jar.cookies.size, 0)
    const event = door.events.at(-1)
    assert.equal(event?.kind === 'login.refused' && event.code, 'ERR_LOGIN_LOOP')
  })
}

test('a login that started again succeeds and arrives where the first one wanted to', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_LOGIN_CODE_REJECTED')))
  await finish(door, jar)
  door.realm.onRedeem(async () => buildRedeemed())
  assert.equal(locationOf(await finish(door, jar)), '/orders')
})

test('an ID token that cannot be trusted opens nothing and is not tried again by itself', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_ID_TOKEN_INVALID', { reason: 'signature' })))
  const reply = await finish(door, jar)
  assert.equal(reply.status, 400)
  assert.equal(door.realm.asked.length, 1)
  assert.equal(jar.cookies.size, 0)
})

test("a client the realm does not accept is the operator's problem, not a reason to try again", async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_REALM_CLIENT_REJECTED')))
  await assert.rejects(finish(door, jar), { code: 'ERR_REALM_CLIENT_REJECTED' })
  assert.ok(door.events.some((event) => event.kind === 'login.refused' && event.code === 'ERR_REALM_CLIENT_REJECTED'))
  assert.equal(door.realm.asked.length, 1)
})

test('a store that is down keeps the code and the attempt for the next try', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  const down = async () => {
    throw new GatewayError('ERR_STORE_UNAVAILABLE')
  }
  const request = jar.request(callbackUrl(door), FROM_REALM)
  const login = { ...door.login, store: { claim: down, settleClaim: down } }
  await assert.rejects(finishLogin(request, login), { code: 'ERR_STORE_UNAVAILABLE' })
  assert.equal(door.realm.redeemed.length, 0)
  assert.equal((await finish(door, jar)).status, 303)
})

test('a refused consent is said on a page that shows no text of the realm', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  const description = '</pre><script>alert(1)</script>'
  const reply = await finish(door, jar, callbackUrl(door, { error: 'access_denied', error_description: description }))
  assert.equal(reply.status, 403)
  assert.doesNotMatch(reply.body, /alert|access_denied/)
  assert.equal(jar.cookies.size, 0)
  const event = door.events.at(-1)
  assert.equal(event?.kind === 'login.refused' && event.reason, 'access_denied')
})

for (const error of ['login_required', 'interaction_required', 'consent_required']) {
  test(`${error} for a silent login returns to the application without a session`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar, '?prompt=none&return_to=/orders')
    assert.equal(locationOf(await finish(door, jar, callbackUrl(door, { error }))), '/orders')
    assert.equal(jar.cookies.size, 0)
  })
}

test('login_required for any other login is explained instead of tried for ever', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  assert.equal((await finish(door, jar, callbackUrl(door, { error: 'login_required' }))).status, 403)
})

test("Keycloak's answer to a stale page starts the login again by itself, at most twice", async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  const stale = { error: 'temporarily_unavailable', error_description: 'authentication_expired' }
  for (const _ of [1, 2]) assert.match(locationOf(await finish(door, jar, callbackUrl(door, stale))), /^https:\/\/sso/)
  assert.equal((await finish(door, jar, callbackUrl(door, stale))).status, 400)
})

for (const status of ['success', 'cancelled', 'error']) {
  test(`the application hears that its kc_action ended with ${status}`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar, '?kc_action=UPDATE_PASSWORD&return_to=/account?x=1')
    const reply = await finish(door, jar, callbackUrl(door, { kc_action_status: status }))
    assert.equal(locationOf(reply), `/account?x=1&kc_action_status=${status}`)
  })
}

test('a kc_action_status nobody asked for, or that nobody knows, goes nowhere', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar)
  assert.equal(locationOf(await finish(door, jar, callbackUrl(door, { kc_action_status: 'success' }))), '/')
  await begin(door, jar, '?kc_action=UPDATE_PASSWORD')
  assert.equal(locationOf(await finish(door, jar, callbackUrl(door, { kc_action_status: '<b>' }))), '/')
})

test('a browser that never keeps its session is told so instead of being sent round for ever', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  let reply = await roundTrip()
  for (let trip = 1; trip < 4; trip += 1) reply = await roundTrip()
  assert.equal(reply.status, 303)
  reply = await roundTrip()
  assert.equal(reply.status, 400)
  const event = door.events.at(-1)
  assert.equal(event?.kind === 'login.refused' && event.code, 'ERR_LOGIN_LOOP')
  assert.equal((await roundTrip()).status, 303, 'whoever tries again after the explanation begins anew')

  async function roundTrip() {
    jar.cookies.delete(SESSION_COOKIE)
    await begin(door, jar)
    return finish(door, jar)
  }
})

test('many logins in a row that hold are no loop', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  for (let login = 0; login < 8; login += 1) {
    await begin(door, jar, '?force=true')
    assert.equal((await finish(door, jar)).status, 303)
  }
})

test('no answer holds a code, a state, a verifier, a nonce or a token', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  const replies = []
  await begin(door, jar)
  replies.push(await finish(door, jar, callbackUrl(door, { error: 'access_denied' })))
  await begin(door, jar)
  replies.push(await finish(door, jar))
  await begin(door, jar, '?force=true')
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_ID_TOKEN_INVALID')))
  replies.push(await finish(door, jar))
  const seen = JSON.stringify([replies, door.events])
  const secrets = door.realm.asked.flatMap(({ state, nonce, codeVerifier }) => [state, nonce, codeVerifier])
  for (const secret of [...secrets, 'code-1', 'access-token-1', 'refresh-token-1', 'id-token-1', 'realm-session-1']) {
    assert.ok(!seen.includes(secret), secret)
  }
})

test('the page after a failed login cannot be framed and sends no referrer', async () => {
  const reply = await finish(createFrontDoor(), createCookieJar(), '/auth/callback?code=c&state=x')
  assert.match(headerOf(reply, 'content-security-policy') ?? '', /frame-ancestors 'none'/)
  assert.equal(headerOf(reply, 'referrer-policy'), 'no-referrer')
})
