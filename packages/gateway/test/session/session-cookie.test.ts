import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildClearCookie, buildSetCookie, cookieName } from '../../src/http/cookies.ts'
import {
  buildSessionCookie,
  type CookieOptions,
  createCookies,
  readSessionId,
} from '../../src/session/session-cookie.ts'
import { createSessionId } from '../../src/session/session-id.ts'

const HTTPS: CookieOptions = {
  publicUrl: 'https://app.example',
  prefix: '__Host-Http-',
  name: 'doorman',
  realm: null,
  sameSite: 'Lax',
}
const LOCAL: CookieOptions = { ...HTTPS, publicUrl: 'http://localhost:4000' }
const https = createCookies(HTTPS)
const local = createCookies(LOCAL)

test('the session cookie of an https address is bound to its host and out of reach of scripts', () => {
  const [, value] = buildSessionCookie(https, 'abc')
  assert.equal(value, '__Host-Http-doorman=abc; Path=/; HttpOnly; Secure; SameSite=Lax')
})

test('the shorter prefix can be configured for browsers that do not know the longer one', () => {
  const cookies = createCookies({ ...HTTPS, prefix: '__Host-' })
  assert.equal(cookies.sessionName, '__Host-doorman')
})

test('on loopback http the name is plain and carries the port, so that two gateways do not share a cookie', () => {
  assert.equal(buildSessionCookie(local, 'abc')[1], 'doorman-4000=abc; Path=/; HttpOnly; SameSite=Lax')
  const neighbour = createCookies({ ...LOCAL, publicUrl: 'http://localhost:4010' })
  assert.notEqual(neighbour.sessionName, local.sessionName)
})

for (const publicUrl of [
  'http://127.0.0.1:4000',
  'http://[::1]:4000',
  'http://app.localhost:4000',
  'http://localhost',
]) {
  test(`plain names serve ${publicUrl}`, () => {
    assert.match(createCookies({ ...HTTPS, publicUrl }).sessionName, /^doorman-\d+$/)
  })
}

for (const publicUrl of [
  'http://app.example',
  'http://10.0.0.1',
  'http://localhost.evil.example',
  'http://127.evil.example',
]) {
  test(`no cookie is ever made for ${publicUrl}`, () => {
    assert.throws(() => createCookies({ ...HTTPS, publicUrl }), TypeError)
  })
}

test('cookies of a login are named after the session and as strict', () => {
  assert.equal(cookieName(https.named('login-abc')), '__Host-Http-doorman-login-abc')
  assert.equal(cookieName(local.named('login-abc')), 'doorman-4000-login-abc')
})

const REALM_NAMES = ['a', 'a-logout', 'a-login-0123456789abcdef', 'login-x', 'logins', 'logout', 'realm-a', 'A', 'a_b']
const SUFFIXES = ['login-0123456789abcdef', 'logins', 'logout']

for (const publicUrl of [HTTPS.publicUrl, LOCAL.publicUrl]) {
  test(`no cookie of one realm is named like one of another at ${publicUrl}`, () => {
    const names = [null, ...REALM_NAMES].flatMap((realm) => {
      const cookies = createCookies({ ...HTTPS, publicUrl, realm })
      return [cookies.sessionName, ...SUFFIXES.map((suffix) => cookieName(cookies.named(suffix)))]
    })
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.ok(https.isOurs(name) && local.isOurs(name), name)
  })
}

test('a realm beside the default one has a session of its own', () => {
  const partners = createCookies({ ...HTTPS, realm: 'partners' })
  assert.equal(partners.sessionName, '__Host-Http-doorman-realm-partners')
  const cookie = `__Host-Http-doorman-realm-partners=${'A'.repeat(43)}`
  assert.equal(readSessionId({ headers: { cookie } }, partners), 'A'.repeat(43))
  assert.equal(readSessionId({ headers: { cookie } }, https), undefined)
})

suite('a realm with a front end on another site', () => {
  const crossSite = createCookies({ ...HTTPS, sameSite: 'None' })

  test('sends its session with fetches from there', () => {
    assert.match(buildSessionCookie(crossSite, 'abc')[1], /; Secure; SameSite=None$/)
  })

  test('clears its session as it was set', () => {
    assert.match(buildClearCookie(crossSite.session)[1], /; Secure; SameSite=None$/)
  })

  test('keeps what is set while somebody navigates Lax', () => {
    assert.match(buildSetCookie(crossSite.named('login-abc'), 'abc', 600)[1], /; SameSite=Lax$/)
  })

  test('has its logout taken from the answer to a fetch', () => {
    assert.match(buildSetCookie(crossSite.namedForFetch('logout'), 'abc', 300)[1], /; SameSite=None$/)
    assert.match(buildSetCookie(https.namedForFetch('logout'), 'abc', 300)[1], /; SameSite=Lax$/)
  })

  test('needs https', () => assert.throws(() => createCookies({ ...LOCAL, sameSite: 'None' }), TypeError))
})

const ours = [
  '__Host-Http-doorman',
  '__Host-doorman',
  '__Host-Http-doorman-login-abc',
  'doorman-4000',
  'doorman-4010',
  'doorman-4000-logout',
]
for (const name of ours) test(`${name} is a cookie of ours`, () => assert.ok(https.isOurs(name) && local.isOurs(name)))

for (const name of ['doorman', 'doormanx', 'theme', '__Host-doormanx', 'xdoorman-4000', 'doorman-x']) {
  test(`${name} is somebody else's cookie`, () => assert.ok(!https.isOurs(name)))
}

function idIn(cookie: string): string | undefined {
  return readSessionId({ headers: { cookie } }, https)
}

test('reads the id of the session', () => {
  const id = createSessionId()
  assert.equal(idIn(`a=1; __Host-Http-doorman=${id}`), id)
})

const id = 'A'.repeat(43)
const strangers: ReadonlyArray<readonly [string, string]> = [
  ['is too short', `__Host-Http-doorman=${id.slice(1)}`],
  ['is too long', `__Host-Http-doorman=${id}A`],
  ['has a character of no id', `__Host-Http-doorman=${id.slice(1)}%`],
  ['is quoted', `__Host-Http-doorman="${id}"`],
  ['is a format string (CVE-2021-32785)', '__Host-Http-doorman=%s%s%n'],
  ['is empty', '__Host-Http-doorman='],
  ['has the plain name', `doorman-4000=${id}`],
  ['came twice', `__Host-Http-doorman=${id}; __Host-Http-doorman=${'B'.repeat(43)}`],
]
for (const [what, cookie] of strangers) {
  test(`nobody is logged in by a cookie that ${what}`, () => assert.equal(idIn(cookie), undefined))
}

test('two cookies of the plain name make the request anonymous', () => {
  const cookie = `doorman-4000=${id}; doorman-4000=${id}`
  assert.equal(readSessionId({ headers: { cookie } }, local), undefined)
})
