import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseOf, rewritePath } from '../src/api-path.ts'
import { readServicePath } from '../src/service-path.ts'
import { signInUrl, signOutUrl } from '../src/urls.ts'

test('a catch-all route owns what stands before the rest', () => {
  assert.equal(baseOf('/api/agent/chat/7', { path: ['chat', '7'] }), '/api/agent')
  assert.equal(baseOf('/acme/api/a%20b/', { tenant: 'acme', path: ['a b'] }), '/acme/api')
  assert.equal(baseOf('/api/agent', { path: undefined }), '/api/agent')
  assert.equal(baseOf('/x', { path: ['x'] }), '/')
})

test('what follows the base stays byte for byte', () => {
  assert.equal(rewritePath('/api/agent/a%20b', '/api/agent', '/v1/*'), '/v1/a%20b')
  assert.equal(rewritePath('/api/agent/a', '/api/agent', null), '/api/agent/a')
  assert.equal(rewritePath('/api/agent/a', '/api/agent', '/fixed'), '/fixed')
  assert.equal(rewritePath('/a', '/', '/*'), '/a')
  assert.equal(rewritePath('/api', '/api', '/*'), '/')
})

test('a path stays at its service', () => {
  assert.equal(readServicePath('/v1/orders?page=2'), '/v1/orders?page=2')
  for (const path of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'v1', '', '/\t/evil.example']) {
    assert.throws(() => readServicePath(path), TypeError, path)
  }
})

test('addresses of the login say what was asked for, in the words of the gateway', () => {
  assert.equal(signInUrl(), '/auth/login')
  assert.equal(signInUrl({ returnTo: '/a?b=1' }), '/auth/login?return_to=%2Fa%3Fb%3D1')
  assert.equal(
    signInUrl({ force: true, maxAgeSeconds: 60, acrValues: ['gold'], identityProvider: 'google', uiLocales: ['de'] }),
    '/auth/login?force=true&max_age=60&ui_locales=de&acr_values=gold&kc_idp_hint=google',
  )
  assert.equal(signOutUrl({ returnTo: '/bye' }), '/auth/logout?return_to=%2Fbye')
})
