import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pickPageClaims } from '../../src/account/page-claims.ts'
import { describeUser, type UserOptions } from '../../src/account/user.ts'
import type { Reply } from '../../src/http/reply.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { createCookieJar, FETCH, headerOf, setCookies } from '../support/cookie-jar.ts'
import { createFrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'
import { buildTokens } from '../support/sessions.ts'

const read = (reply: Reply) => JSON.parse(reply.body)

test('says who is logged in, what they may, and how long', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  door.clock.advance(10)
  const { logout_url, ...user } = read(await describeUser(jar.request('/auth/user', FETCH), door.user))
  assert.deepEqual(user, {
    id: 'alice-id',
    sub: 'alice-id',
    name: 'Alice',
    email: null,
    roles: ['user'],
    client_roles: { reports: ['reader'] },
    expires_in: 1800,
    access_token_expires_in: 50,
  })
  assert.match(logout_url, /^\/auth\/logout\?proof=[\w-]{43}$/)
})

test('never shows a token, the session’s id, or what belongs to the protocol', async () => {
  const door = createFrontDoor()
  const hidden = { sid: 'realm-session-1', nonce: 'nonce-1', at_hash: 'hash-1', session_state: 'state-1', jti: 'jti-1' }
  const claims = { ...buildRedeemed().claims, ...hidden, email: 'alice@example.com' }
  door.realm.onRedeem(async () => buildRedeemed({ claims }))
  const jar = await logIn(door)
  const listed = { ...door.user, claims: Object.keys(claims) }
  const { body } = await describeUser(jar.request('/auth/user', FETCH), listed)
  assert.ok(body.includes('alice@example.com'))
  const tokens = Object.values(buildTokens()).filter((value) => typeof value === 'string')
  for (const secret of [...tokens, ...Object.values(hidden), jar.cookies.get(SESSION_COOKIE) ?? '']) {
    assert.ok(!body.includes(secret), secret)
  }
})

test('shows no claim that is not listed, and none that a claim could pretend to be', async () => {
  const door = createFrontDoor()
  const claims = {
    ...buildRedeemed().claims,
    phone: '123',
    roles: ['admin'],
    logout_url: 'https://evil.example',
    id: 'bob',
  }
  door.realm.onRedeem(async () => buildRedeemed({ claims }))
  const jar = await logIn(door)
  const options = { ...door.user, claims: ['roles', 'logout_url', 'id'] }
  const user = read(await describeUser(jar.request('/auth/user', FETCH), options))
  assert.equal(user.phone, undefined)
  assert.equal(user.name, null)
  assert.equal(user.id, 'alice-id')
  assert.deepEqual(user.roles, ['user'])
  assert.match(user.logout_url, /^\/auth\/logout/)
})

test('a claim named like a method is no claim', () => {
  assert.deepEqual(pickPageClaims({ name: 'A' }, ['name', 'toString', '__proto__']), { name: 'A' })
})

test('the answer is kept by no cache', async () => {
  const door = createFrontDoor()
  for (const jar of [await logIn(door), createCookieJar()]) {
    const reply = await describeUser(jar.request('/auth/user', FETCH), door.user)
    assert.equal(headerOf(reply, 'cache-control'), 'no-store')
    assert.match(headerOf(reply, 'vary') ?? '', /Cookie/)
    assert.deepEqual(setCookies(reply), [])
  }
})

test('nobody is a 401 with the way to log in, or null where that is configured', async () => {
  const door = createFrontDoor()
  const request = createCookieJar().request('/auth/user', FETCH)
  const refused = await describeUser(request, door.user)
  assert.equal(refused.status, 401)
  assert.equal(read(refused).code, 'login_required')
  assert.equal(read(refused).login_url, 'https://app.example/auth/login')
  const nobody = await describeUser(request, { ...door.user, anonymous: 200 })
  assert.equal(nobody.status, 200)
  assert.equal(read(nobody), null)
})

test('asking counts as activity', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  for (let minute = 0; minute < 60; minute += 20) {
    door.clock.advance(1200)
    assert.equal((await describeUser(jar.request('/auth/user', FETCH), door.user)).status, 200)
  }
})

test('asking with slide=false does not', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  door.clock.advance(1200)
  const polled = await describeUser(jar.request('/auth/user?slide=false', FETCH), door.user)
  assert.equal(read(polled).expires_in, 600)
  door.clock.advance(600)
  assert.equal((await describeUser(jar.request('/auth/user', FETCH), door.user)).status, 401)
})

for (const search of ['?slide=maybe', '?slide=', '?slide=true&slide=false', '?other=1']) {
  test(`refuses ${search}`, async () => {
    const request = createCookieJar().request(`/auth/user${search}`, FETCH)
    await assert.rejects(describeUser(request, createFrontDoor().user), { code: 'ERR_REQUEST_MALFORMED' })
  })
}

const foreign: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  ['another site', { ...FETCH, 'sec-fetch-site': 'cross-site' }],
  ['a sibling domain', { ...FETCH, 'sec-fetch-site': 'same-site' }],
  ['an origin that is not listed', { origin: 'https://evil.example' }],
]
for (const [what, headers] of foreign) {
  test(`${what} learns nothing, not even whether somebody is logged in`, async () => {
    const door = createFrontDoor()
    for (const jar of [await logIn(door), createCookieJar()]) {
      await assert.rejects(describeUser(jar.request('/auth/user', headers), door.user), { code: 'ERR_POLICY_CSRF' })
    }
  })
}

test('somebody who only reads hears that the realm has ended the session', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const credentials: UserOptions['credentials'] = {
    freshen: async () => ({ kind: 'refused', code: 'ERR_TOKEN_REFRESH_REJECTED', retryAfterSeconds: 0 }),
  }
  assert.equal((await describeUser(jar.request('/auth/user', FETCH), { ...door.user, credentials })).status, 401)
})

test('a realm that is down changes nothing about who is logged in', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const credentials: UserOptions['credentials'] = {
    freshen: async () => ({ kind: 'refused', code: 'ERR_TOKEN_REFRESH_UNAVAILABLE', retryAfterSeconds: 1 }),
  }
  const reply = await describeUser(jar.request('/auth/user', FETCH), { ...door.user, credentials })
  assert.equal(read(reply).id, 'alice-id')
})

test('a store that is down is neither a logout nor a cleared cookie', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessions = { ...door.sessions, find: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) }
  const request = jar.request('/auth/user', FETCH)
  await assert.rejects(describeUser(request, { ...door.user, sessions }), { code: 'ERR_STORE_UNAVAILABLE' })
})

test('says which tenants the person may name, and the one that counts by itself', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const ask = async (tenants: readonly string[]) => {
    const { tenant, tenants: named } = read(
      await describeUser(jar.request('/auth/user', FETCH), { ...door.user, tenantsOf: () => tenants }),
    )
    return { tenant, named }
  }
  assert.deepEqual(await ask(['acme']), { tenant: 'acme', named: ['acme'] })
  assert.deepEqual(await ask(['acme', 'globex']), { tenant: null, named: ['acme', 'globex'] })
  assert.deepEqual(await ask([]), { tenant: null, named: [] })
})
