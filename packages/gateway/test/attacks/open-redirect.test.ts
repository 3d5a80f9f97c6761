// After login and logout the browser stays on our own origin, whatever was asked for.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseReturnTo } from '../../src/http/return-to.ts'
import { startLogin } from '../../src/login/start-login.ts'
import { logout } from '../../src/logout/logout.ts'
import { createCookieJar, locationOf } from '../support/cookie-jar.ts'
import { createFrontDoor, FRONTENDS, logIn } from '../support/front-door.ts'

const corpus = readFileSync(new URL('../corpus/open-redirects/openredirects.txt', import.meta.url), 'utf8')

function stays(value: string): void {
  const returnTo = parseReturnTo(value, FRONTENDS, { headers: {} })
  assert.equal(new URL(returnTo, 'https://app.example/auth/callback').origin, 'https://app.example')
  assert.doesNotMatch(returnTo, /^[/\\]{2}|[\\\p{Cc}]/u)
}

for (const line of corpus.split('\n')) {
  test(`stays at home for ${JSON.stringify(line)}`, () => {
    stays(line)
    stays(new URLSearchParams(`v=${line.replaceAll('&', '%26')}`).get('v') ?? '')
    stays(`/${line}`)
    stays(`https://app.example${line}`)
  })
}

const ADVISORIES: readonly (readonly [string, readonly string[]])[] = [
  ['CVE-2017-1000070', ['//evil.com', '///evil.com']],
  ['CVE-2020-5233 GHSA-qqxw', ['/\\evil.com', '\\\\evil.com']],
  ['CVE-2020-11053 GHSA-j7px', ['/%09/evil.com', '/%0a/evil.com', '/%0d/evil.com', '/\t/\\evil.com', '/\n/evil.com']],
  ['CVE-2020-4037 GHSA-5m6c', ['/%5cevil.com', '/.//evil.com', '/./\\evil.com', '/..//evil.com']],
  [
    'CVE-2021-21291 GHSA-4mf2',
    [
      'https://badapp.example/',
      'https://app.example.evil.com/',
      'https://evil-app.example',
      'https://app.example:8443/',
    ],
  ],
  ['CVE-2021-29651', ['https://evil', 'https://evil/?a=https://app.example/']],
  ['CVE-2019-14857 CVE-2019-20479', ['///evil.com', '/\\evil.com']],
  [
    'CVE-2021-32786',
    ['https://evil.com\\@app.example/', 'https://app.example\\.evil.com', 'https://app.example@evil.com/'],
  ],
  ['CVE-2022-23527', ['/%09/evil.com', '/\t/evil.com']],
  ['GHSA-36f2', ['https://evil.com/logout', 'http://app.example/', 'HTTPS:evil.com', 'https:/evil.com']],
  ['checklist 25', ['javascript:alert(1)', 'data:text/html,x', ' /evil', '/ /evil', `/${'a'.repeat(5000)}`]],
]
for (const [id, values] of ADVISORIES) {
  for (const value of values) {
    test(`${JSON.stringify(value.slice(0, 50))} leads home after login and logout (${id})`, async () => {
      const returnTo = new URLSearchParams({ return_to: value })
      const door = createFrontDoor()
      const jar = await logIn(door)
      const login = await startLogin(jar.request(`/auth/login?${returnTo}`), door.login)
      const loggedOut = await logout(createCookieJar().request(`/auth/logout?${returnTo}`), door.logout)
      for (const reply of [login, loggedOut]) {
        assert.equal(new URL(locationOf(reply), 'https://app.example/auth/x').origin, 'https://app.example')
        stays(locationOf(reply))
      }
    })
  }
}
