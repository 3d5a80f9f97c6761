import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuard, type GuardOptions } from '../src/index.ts'

const GATEWAY = 'https://app.example'
const REALM = 'https://sso.example/realms/main'
const introspection = { clientId: 'api', clientSecret: 'secret' }

const REFUSED: ReadonlyArray<readonly [string, GuardOptions]> = [
  ['no issuer at all', { audience: 'a' }],
  ['no audience', { audience: [], gateway: GATEWAY }],
  ['an empty audience', { audience: '', gateway: GATEWAY }],
  ['gateway and realm of one name', { audience: 'a', gateway: GATEWAY, issuer: GATEWAY }],
  ['an empty issuer', { audience: 'a', issuer: '' }],
  ['an issuer that is no URL and has no key set', { audience: 'a', issuer: 'main' }],
  ['a key set that is no http(s) URL', { audience: 'a', gateway: { issuer: GATEWAY, jwksUrl: 'file:///keys' } }],
  ['no algorithm', { audience: 'a', gateway: { issuer: GATEWAY, algorithms: [] } }],
  ['the algorithm none', { audience: 'a', gateway: { issuer: GATEWAY, algorithms: ['none'] } }],
  ['a symmetric algorithm', { audience: 'a', gateway: { issuer: GATEWAY, algorithms: ['RS256', 'HS256'] } }],
  ['introspection without a realm', { audience: 'a', gateway: GATEWAY, introspection }],
  [
    'introspection without a secret',
    { audience: 'a', issuer: REALM, introspection: { clientId: 'a', clientSecret: '' } },
  ],
  ['a clock tolerance that is no number', { audience: 'a', gateway: GATEWAY, clockToleranceSeconds: Number.NaN }],
  ['a clock tolerance below zero', { audience: 'a', gateway: GATEWAY, clockToleranceSeconds: -1 }],
  ['a time limit of zero', { audience: 'a', gateway: GATEWAY, timeoutSeconds: 0 }],
]

for (const [name, options] of REFUSED) {
  test(`a guard with ${name} does not start`, () => {
    assert.throws(() => createGuard(options), TypeError)
  })
}

test('a guard with an issuer and an audience starts without a network', () => {
  const fetch = () => assert.fail('nothing is fetched before the first token')
  createGuard({ audience: ['a', 'b'], gateway: GATEWAY, issuer: REALM, introspection, fetch })
})
