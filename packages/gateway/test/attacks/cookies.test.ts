// Cookies as nobody of ours would set them: forged, moved, doubled, counted, cut.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUser } from '../../src/account/user.ts'
import { cookieName } from '../../src/http/cookies.ts'
import { openCookie, sealCookieValue } from '../../src/http/sealed-cookie.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import { logout } from '../../src/logout/logout.ts'
import { createCookies, readSessionId } from '../../src/session/session-cookie.ts'
import { createCookieJar, FETCH, FROM_REALM, NAVIGATION } from '../support/cookie-jar.ts'
import { begin, callbackUrl, createFrontDoor, createRing, logIn, SESSION_COOKIE } from '../support/front-door.ts'

const cookies = createCookies({
  publicUrl: 'https://app.example',
  prefix: '__Host-Http-',
  name: 'doorman',
  realm: null,
  sameSite: 'Lax',
})
const ID = 'a'.repeat(43)

function sessionIdOf(cookie: string): string | undefined {
  return readSessionId({ headers: { cookie } }, cookies)
}

const MALFORMED: readonly (readonly [string, string])[] = [
  ['CVE-2021-32785', `${SESSION_COOKIE}=%s%s%n`],
  ['CVE-2021-32785', `${SESSION_COOKIE}=${'%n'.repeat(21)}a`],
  ['CVE-2021-32785', `${SESSION_COOKIE}='; DROP TABLE session; --`],
  ['CVE-2021-32785', `${SESSION_COOKIE}=../../../../../../../../etc/passwd`],
  ['CVE-2023-28625', `;${SESSION_COOKIE}`],
  ['CVE-2023-28625', `=${SESSION_COOKIE}`],
  ['CVE-2023-28625', ';;=;'],
  ['CVE-2024-24814', `${SESSION_COOKIE}_chunks=99999999; ${SESSION_COOKIE}_0=${ID}`],
  ['CVE-2024-24814', `${SESSION_COOKIE}_chunks=-1; ${SESSION_COOKIE}_1=${ID}`],
  ['CVE-2024-24814', `${SESSION_COOKIE}_chunks=1e9`],
  ['CVE-2024-24814', `${SESSION_COOKIE}.0=${ID}; ${SESSION_COOKIE}.1=${ID}`],
  ['checklist 168', `${SESSION_COOKIE}=${ID}; ${SESSION_COOKIE}=${ID}`],
  ['checklist 168', `${SESSION_COOKIE}="${ID}"`],
  ['checklist 168', `a${SESSION_COOKIE}=${ID}`],
  ['checklist 168', `a="; ${SESSION_COOKIE.toLowerCase()}=${ID}"`],
]
for (const [id, cookie] of MALFORMED) {
  test(`Cookie ${JSON.stringify(cookie.slice(0, 60))} is nobody (${id})`, () => {
    assert.equal(sessionIdOf(cookie), undefined)
  })
}

test('two seals of one content differ, and neither opens under another name or purpose (CVE-2021-32791)', () => {
  const ring = createRing()
  const sealer = createSealer(ring, 'login-attempt')
  const [first, second] = [cookies.named('login-a'), cookies.named('login-b')]
  const content = { format: 1, secret: 'x' }
  const value = sealCookieValue(first, content, sealer)
  assert.notEqual(value, sealCookieValue(first, content, sealer))
  const open = (cookie: typeof first, under = sealer) =>
    openCookie({ headers: { cookie: `${cookieName(cookie)}=${value}` } }, cookie, 1, under)
  assert.deepEqual(open(first), content)
  assert.equal(open(second), undefined)
  assert.equal(open(first, createSealer(ring, 'logout-ticket')), undefined)
})

test('a login whose cookie was tampered with redeems no code (CVE-2021-29652)', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  await begin(door, jar, '?return_to=/orders')
  const [name = '', value = ''] = [...jar.cookies].find(([known]) => known.includes('-login-')) ?? []
  for (const at of [0, 5, 12, 40, value.length - 3]) {
    const changed = value[at] === 'A' ? 'B' : 'A'
    jar.cookies.set(name, value.slice(0, at) + changed + value.slice(at + 1))
    const reply = await finishLogin(jar.request(callbackUrl(door), FROM_REALM), door.login)
    assert.equal(reply.status, 400)
  }
  assert.equal(door.realm.redeemed.length, 0)
})

test('neither a changed nor another session’s proof logs out (CVE-2021-29652)', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const other = await logIn(door)
  const address = JSON.parse((await describeUser(other.request('/auth/user', FETCH), door.user)).body).logout_url
  for (const url of [address, `${address}A`, address.slice(0, -2), '/auth/logout?proof=', '/auth/logout']) {
    await assert.rejects(logout(jar.request(url, NAVIGATION), door.logout), { code: 'ERR_LOGOUT_PROOF_INVALID' })
  }
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
})
