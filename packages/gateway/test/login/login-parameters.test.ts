import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLoginWish } from '../../src/login/login-parameters.ts'
import { buildWish } from '../../src/login/login-wish.ts'
import { ANY_PARAMETER, FRONTENDS } from '../support/front-door.ts'

const malformed = { code: 'ERR_REQUEST_MALFORMED' }
const parse = (search: string, allowed = ANY_PARAMETER) => parseLoginWish({ search, headers: {} }, allowed, FRONTENDS)

test('a plain login asks for nothing more', () => {
  assert.deepEqual(parse('?return_to=%2Forders'), buildWish('/orders', {}))
})

const accepted: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  ['?kc_idp_hint=google', { kc_idp_hint: 'google' }],
  ['?force=true', { prompt: 'login' }],
  ['?force=false', {}],
  ['?prompt=none', { prompt: 'none' }],
  ['?prompt=login+consent', { prompt: 'login consent' }],
  ['?max_age=0', { max_age: '0' }],
  ['?login_hint=alice%40example.com%26prompt%3Dnone', { login_hint: 'alice@example.com&prompt=none' }],
  ['?ui_locales=de-CH+en', { ui_locales: 'de-CH en' }],
  ['?acr_values=gold+urn:x:2', { acr_values: 'gold urn:x:2' }],
  ['?kc_action=UPDATE_PASSWORD', { kc_action: 'UPDATE_PASSWORD' }],
  ['?kc_action=delete_credential:1f-2', { kc_action: 'delete_credential:1f-2' }],
]
for (const [search, parameters] of accepted) {
  test(`takes ${search}`, () => assert.deepEqual(parse(search).parameters, parameters))
}

const refused = [
  '?redirect_uri=https://evil.example',
  '?scope=admin',
  '?client_id=x',
  '?target_link_uri=https://evil.example',
  '?return_to=/a&return_to=/b',
  '?prompt=login&prompt=none',
  '?force=true&force=true',
  '?force=1',
  '?force=',
  '?force=true&prompt=none',
  '?prompt=',
  '?prompt=none+login',
  '?prompt=dance',
  '?max_age=-1',
  '?max_age=1e9',
  '?max_age=',
  '?login_hint=',
  '?login_hint=a%0Db',
  `?login_hint=${'a'.repeat(256)}`,
  '?kc_idp_hint=x%26prompt%3Dnone%26redirect_uri%3Dhttps://evil.example',
  '?kc_idp_hint=a+b',
  '?kc_action=A:B:C',
  '?acr_values=gold++silver',
  '?ui_locales=de%0A',
]
for (const search of refused)
  test(`refuses ${search.slice(0, 70)}`, () => assert.throws(() => parse(search), malformed))

test('takes only what the configuration lists, word by word', () => {
  const allowed = {
    ...ANY_PARAMETER,
    kc_idp_hint: ['google'],
    acr_values: ['gold', 'silver'],
    kc_action: ['UPDATE_PASSWORD'],
    prompt: [],
  }
  assert.equal(parse('?kc_idp_hint=google', allowed).parameters.kc_idp_hint, 'google')
  assert.equal(parse('?acr_values=silver+gold', allowed).parameters.acr_values, 'silver gold')
  for (const search of [
    '?kc_idp_hint=github',
    '?acr_values=gold+bronze',
    '?kc_action=delete_account',
    '?prompt=login',
  ]) {
    assert.throws(() => parse(search, allowed), malformed)
  }
})
