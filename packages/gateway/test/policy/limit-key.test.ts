import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { foldAddress, type LimitBy, type LimitSubject, limitKey } from '../../src/policy/limit-key.ts'

const ISSUER = 'https://sso.example/realms/main'
const ADDRESS = '192.0.2.7'
const session = { kind: 'session', issuer: ISSUER, subject: 'alice', clientId: 'web', handle: 'handle-1' } as const
const bearer = { ...session, kind: 'bearer', clientId: 'app', handle: null } as const
const subject = (changes: Partial<LimitSubject>): LimitSubject => {
  return { principal: null, clientAddress: ADDRESS, tenant: null, ...changes }
}

const IP = `ip ${ADDRESS}`
const USER = `user ${ISSUER} alice`
const ROWS: readonly [LimitBy, string, Partial<LimitSubject>, string][] = [
  ['user', 'a session', { principal: session }, USER],
  ['user', 'a bearer', { principal: bearer }, USER],
  ['user', 'nobody', {}, IP],
  ['session', 'a session', { principal: session }, 'session handle-1'],
  ['session', 'a bearer', { principal: bearer }, USER],
  ['session', 'nobody', {}, IP],
  ['ip', 'a session', { principal: session }, IP],
  ['ip', 'nobody', {}, IP],
  ['tenant', 'somebody with a tenant', { principal: session, tenant: 'acme' }, `tenant ${ISSUER} acme`],
  ['tenant', 'somebody without one', { principal: session }, USER],
  ['tenant', 'nobody', { tenant: 'acme' }, IP],
  ['client', 'a bearer', { principal: bearer }, `client ${ISSUER} app`],
  ['client', 'a bearer that names no client', { principal: { ...bearer, clientId: null } }, USER],
  ['client', 'a session', { principal: session }, USER],
  ['client', 'nobody', {}, IP],
]

suite('counted together', () => {
  for (const [by, who, changes, expected] of ROWS) {
    test(`by ${by}: ${who} is ${expected}`, () => assert.equal(limitKey(by, subject(changes)), expected))
  }
})

test('one subject at two realms is two people', () => {
  const other = { ...session, issuer: 'https://sso.example/realms/other' }
  assert.notEqual(limitKey('user', subject({ principal: session })), limitKey('user', subject({ principal: other })))
})

test('no name that somebody chose is read as one of another kind', () => {
  const hostile = [`x ${ISSUER} alice`, `${ISSUER} alice`, 'user', `\nuser ${ISSUER} alice`, 'alice ', ' alice', '']
  const keys = hostile.flatMap((name) => [
    limitKey('user', subject({ principal: { ...session, subject: name } })),
    limitKey('session', subject({ principal: { ...session, handle: name } })),
    limitKey('tenant', subject({ principal: session, tenant: name })),
    limitKey('client', subject({ principal: { ...bearer, clientId: name } })),
    limitKey('user', subject({ principal: { ...session, issuer: `${ISSUER}2`, subject: name } })),
  ])
  keys.push(USER, IP)
  assert.equal(new Set(keys).size, keys.length)
})

const ADDRESSES: readonly [string, string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['::FFFF:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ['', ''],
]

suite('an address', () => {
  for (const [address, expected] of ADDRESSES) {
    test(`${address || 'that is none'} counts as ${expected || 'none'}`, () => {
      assert.equal(foldAddress(address), expected)
    })
  }
})
