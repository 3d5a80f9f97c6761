import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildClearCookie, buildSetCookie, cookieNames, fitsCookie, readCookie } from '../../src/http/cookies.ts'

const secure = { prefix: '__Host-Http-', base: 'doorman', sameSite: 'Lax' } as const
const plain = { prefix: '', base: 'doorman-4000', sameSite: 'Lax' } as const
const crossSite = { prefix: '__Host-Http-', base: 'doorman', sameSite: 'None' } as const

for (const odd of ['', ';', '=', ';;=;', ' ', '=; =', 'a;b;c', '====', ';'.repeat(10_000), '%s%s%n', 'doorman']) {
  test(`CVE-2023-28625: reads no cookie from ${JSON.stringify(odd.slice(0, 12))} and survives`, () => {
    assert.equal(readCookie(odd, 'doorman'), undefined)
    assert.deepEqual(cookieNames(odd, 'doorman-'), [])
  })
}

const found: ReadonlyArray<readonly [string, string]> = [
  ['first', 'doorman=abc; other=1'],
  ['in the middle', 'a=1; doorman=abc; b=2'],
  ['last', 'a=1; doorman=abc'],
  ['without the space', 'a=1;doorman=abc;b=2'],
  ['after a tab', 'a=1;\tdoorman=abc'],
  ['with trailing space', 'doorman=abc ; b=2'],
  ['after a longer name that ends like it', 'xdoorman=no; doorman=abc'],
  ['after a value that looks like it', 'a=doorman=no; doorman=abc'],
]
for (const [where, header] of found) {
  test(`reads a cookie that stands ${where}`, () => assert.equal(readCookie(header, 'doorman'), 'abc'))
}

const missing: ReadonlyArray<readonly [string, string | undefined]> = [
  ['there is no header', undefined],
  ['only a longer name is there', 'doorman-4000=abc'],
  ['only a value looks like it', 'a=doorman=abc'],
  ['the name has other capitals', 'Doorman=abc'],
  ['it was sent twice', 'doorman=abc; doorman=def'],
  ['it was sent twice with one value', 'doorman=abc; a=1; doorman=abc'],
]
for (const [why, header] of missing) {
  test(`reads nothing when ${why}`, () => assert.equal(readCookie(header, 'doorman'), undefined))
}

test('names cookies by their prefix, each once', () => {
  const header = 'doorman-login-a=1; x=2; doorman-login-b=3; doorman-login-a=4; doorman=5'
  assert.deepEqual(cookieNames(header, 'doorman-login-'), ['doorman-login-a', 'doorman-login-b'])
})

test('a cookie on https is Secure, HttpOnly, Lax, for the whole host and for it alone', () => {
  assert.deepEqual(buildSetCookie(secure, 'abc', 600), [
    'set-cookie',
    '__Host-Http-doorman=abc; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax',
  ])
})

test('a cookie without an age lives until the browser is closed', () => {
  assert.equal(buildSetCookie(plain, 'abc', null)[1], 'doorman-4000=abc; Path=/; HttpOnly; SameSite=Lax')
})

test('a cookie for fetches from another site is SameSite=None, and never without Secure', () => {
  const [, value] = buildSetCookie(crossSite, 'abc', null)
  assert.equal(value, '__Host-Http-doorman=abc; Path=/; HttpOnly; Secure; SameSite=None')
})

for (const cookie of [secure, plain, crossSite]) {
  test(`clearing a cookie repeats the attributes it was set with (${cookie.prefix}, ${cookie.sameSite})`, () => {
    const set = buildSetCookie(cookie, 'abc', 600)[1]
    assert.equal(buildClearCookie(cookie)[1], set.replace('=abc', '=').replace('Max-Age=600', 'Max-Age=0'))
  })
}

for (const value of ['a;b', 'a b', 'a\r\nb', 'a=b', 'é', '']) {
  test(`refuses to write the value ${JSON.stringify(value)}`, () => {
    assert.throws(() => buildSetCookie(secure, value, null), TypeError)
  })
}

test('refuses to write what browsers would drop for its size', () => {
  const room = 4096 - '__Host-Http-doorman'.length
  assert.ok(fitsCookie(secure, 'a'.repeat(room)))
  assert.ok(!fitsCookie(secure, 'a'.repeat(room + 1)))
  assert.throws(() => buildSetCookie(secure, 'a'.repeat(room + 1), null), TypeError)
})
