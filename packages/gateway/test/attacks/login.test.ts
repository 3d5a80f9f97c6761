// Faults that other gateways shipped in their login and logout, replayed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUser } from '../../src/account/user.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import { startLogin } from '../../src/login/start-login.ts'
import { logout } from '../../src/logout/logout.ts'
import { createSessionId } from '../../src/session/session-id.ts'
import { createCookieJar, FETCH, FROM_REALM, headerOf, locationOf, NAVIGATION } from '../support/cookie-jar.ts'
import { begin, callbackUrl, createFrontDoor, finish, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'

test('CVE-2017-1000069: an attacker’s code and state log nobody in, in a browser that did not start the login', async () => {
  const door = createFrontDoor()
  await begin(door, createCookieJar())
  const victim = createCookieJar()
  await begin(door, victim)
  const attackers = door.realm.asked[0]?.state ?? ''
  const reply = await finish(door, victim, callbackUrl(door, { state: attackers, code: 'attackers-code' }))
  assert.equal(reply.status, 400)
  assert.equal(door.realm.redeemed.length, 0)
  assert.ok(!victim.cookies.has(SESSION_COOKIE))
})

test('oauth2-proxy, mod_auth_openidc: a planted session id does not survive the login', async () => {
  const door = createFrontDoor()
  const attacker = await logIn(door)
  for (const planted of [attacker.cookies.get(SESSION_COOKIE) ?? '', createSessionId(), 'ticket']) {
    const victim = createCookieJar()
    victim.cookies.set(SESSION_COOKIE, planted)
    await begin(door, victim, '?force=true')
    await finish(door, victim)
    assert.notEqual(victim.cookies.get(SESSION_COOKIE), planted)
    assert.equal((await door.sessions.find(planted.length === 43 ? planted : undefined)).kind, 'none')
  }
})

test('CVE-2026-34454: a new login leaves no older session of the browser behind', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const before = jar.cookies.get(SESSION_COOKIE)
  await begin(door, jar, '?prompt=login')
  await finish(door, jar)
  assert.equal((await door.sessions.find(before)).kind, 'none')
})

test('CVE-2021-39191: a login that a third party starts does not lead to it', async () => {
  const door = createFrontDoor()
  const request = createCookieJar().request('/auth/login?target_link_uri=https://evil.example', FROM_REALM)
  await assert.rejects(startLogin(request, door.login), { code: 'ERR_REQUEST_MALFORMED' })
})

const injections = [
  'x&prompt=none&redirect_uri=https://evil.example',
  'x#fragment',
  'x%26prompt%3Dnone',
  'x\r\nset-cookie: a=b',
  'x\rlocation: https://evil.example',
]
for (const value of injections) {
  test(`gogatekeeper: kc_idp_hint ${JSON.stringify(value)} smuggles nothing into the request to the realm`, async () => {
    const door = createFrontDoor()
    const request = createCookieJar().request(`/auth/login?${new URLSearchParams({ kc_idp_hint: value })}`)
    await assert.rejects(startLogin(request, door.login), { code: 'ERR_REQUEST_MALFORMED' })
    assert.equal(door.realm.asked.length, 0)
  })
}

test('gogatekeeper: two browsers of one person are two sessions', async () => {
  const door = createFrontDoor()
  const [desk, phone] = [await logIn(door), await logIn(door)]
  desk.take(await logout(desk.request('/auth/logout', NAVIGATION, 'POST'), door.logout))
  const reply = await describeUser(phone.request('/auth/user', FETCH), door.user)
  assert.equal(reply.status, 200)
})

for (const name of ['state', 'code', 'iss']) {
  test(`mod_auth_openidc: a doubled ${name} is refused before anything else`, async () => {
    const door = createFrontDoor()
    const jar = createCookieJar()
    await begin(door, jar)
    const request = jar.request(`${callbackUrl(door)}&${name}=x`, FROM_REALM)
    await assert.rejects(finishLogin(request, door.login), { code: 'ERR_REQUEST_MALFORMED' })
    assert.equal(door.realm.redeemed.length, 0)
  })
}

test('mod_auth_openidc: an empty iss is no iss', async () => {
  const door = createFrontDoor(false)
  const jar = createCookieJar()
  await begin(door, jar)
  assert.equal((await finish(door, jar, callbackUrl(door, { iss: '' }))).status, 400)
})

test('CVE-2021-32792: nothing of a request shows up in a page', async () => {
  const door = createFrontDoor()
  const hostile = `'");alert(1)//</script><b>`
  const jar = createCookieJar()
  await begin(door, jar, `?${new URLSearchParams({ return_to: `/${hostile}` })}`)
  const reply = await finish(door, jar, callbackUrl(door, { error: hostile, error_description: hostile }))
  assert.equal(reply.status, 403)
  assert.doesNotMatch(reply.body, /alert\(1\)\/\/<|<b>|'"\)/)
})

test('CVE-2026-33525: a claim that holds a script stays data', async () => {
  const door = createFrontDoor()
  const redeemed = buildRedeemed()
  const name = '</pre><script>alert(1)</script>'
  door.realm.onRedeem(async () => ({ ...redeemed, claims: { ...redeemed.claims, name } }))
  const jar = await logIn(door)
  const reply = await describeUser(jar.request('/auth/user', FETCH), door.user)
  assert.equal(JSON.parse(reply.body).name, name)
  assert.match(headerOf(reply, 'content-type') ?? '', /^application\/json/)
  assert.equal(headerOf(reply, 'x-content-type-options'), 'nosniff')
})

test('CVE-2024-39315: no page for a person holds a token', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const { body } = await describeUser(jar.request('/auth/user', FETCH), door.user)
  assert.doesNotMatch(body, /access_token"|id_token|refresh_token|eyJ[\w-]+\.|access-token-1/)
})

test('Duende: a cross-site image of the logout address logs nobody out', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' }
  await assert.rejects(logout(jar.request('/auth/logout', image), door.logout), { code: 'ERR_LOGOUT_PROOF_INVALID' })
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
})

test('an address to log out by ends on our own pages, wherever it was clicked', async () => {
  const door = createFrontDoor()
  const clicked = createCookieJar().request('/auth/logout?proof=x&return_to=//evil.example', FROM_REALM)
  assert.equal(locationOf(await logout(clicked, door.logout)), '/')
})
