// CVE-2017-1000070, CVE-2020-5233, CVE-2020-11053, CVE-2020-4037, CVE-2021-21291 (oauth2-proxy), CVE-2019-14857,
// CVE-2021-32786, CVE-2021-39191, CVE-2022-23527 (mod_auth_openidc), GHSA-36f2 (Authelia): after login and logout the
// browser stays on our own origin, whatever was asked for.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseReturnTo } from '../../src/http/return-to.ts'
import { FRONTENDS } from '../support/front-door.ts'

const corpus = readFileSync(new URL('../corpus/open-redirects/openredirects.txt', import.meta.url), 'utf8')

function stays(value: string): void {
  const returnTo = parseReturnTo(value, FRONTENDS)
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
