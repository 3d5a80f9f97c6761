// Ways around a limit, as other products had them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTarget } from '../../src/http/canonical-path.ts'
import { limitKey } from '../../src/policy/limit-key.ts'
import { createRateLimiter } from '../../src/policy/rate-limit.ts'
import { compileRoutes } from '../../src/upstream/route.ts'

const ROUTE = { path: '/api/login', methods: null, require: 'none', limit: {} } as const
const table = compileRoutes([ROUTE])

/** A limit hangs on the route a request matched: what matches another way has to be the same object, or nothing. */
function isCountedOrRefused(target: string): boolean {
  const reading = parseTarget(target)
  if (reading.kind === 'refused') return true
  const match = table.match('POST', reading.path)
  return match.kind !== 'matched' || match.route === ROUTE
}

for (const target of [
  '//api/login',
  '/api//login',
  '/api/login/',
  '/api/login//',
  '/api/./login',
  '/api/x/../login',
  '/api/%2e/login',
  '/api/%6cogin',
  '/api%2flogin',
  '/API/login',
  '/api/login;x',
  '/api/login?x=1',
  '/api/login%20',
  'http://x/api/login',
]) {
  test(`better-auth: ${target} leads around no limit`, () => assert.ok(isCountedOrRefused(target)))
}

test('a query leads to the same limit', () => {
  const reading = parseTarget('/api/login?a=//b')
  assert.ok(reading.kind === 'canonical')
  const match = table.match('POST', reading.path)
  assert.ok(match.kind === 'matched' && match.route === ROUTE)
})

const nobody = { principal: null, tenant: null }

test('another address of the same IPv6 network, or the IPv4 address in other dress, does not count anew', async () => {
  const limiter = createRateLimiter({ requests: 1, windowSeconds: 3600, burst: 0 })
  const ask = async (clientAddress: string) =>
    (await limiter.consume(limitKey('ip', { ...nobody, clientAddress }))).kind
  assert.equal(await ask('2001:db8:1:2::1'), 'allowed')
  assert.equal(await ask('2001:db8:1:2:ffff::9'), 'limited')
  assert.equal(await ask('192.0.2.7'), 'allowed')
  assert.equal(await ask('::ffff:192.0.2.7'), 'limited')
  assert.equal(await ask('::ffff:c000:207'), 'limited')
})

test('a claim that looks like an address uses up nobody else', async () => {
  const limiter = createRateLimiter({ requests: 1, windowSeconds: 3600, burst: 0 })
  const issuer = 'https://sso.example/realms/main'
  const mallory = { kind: 'session', issuer, subject: 'ip 192.0.2.7', clientId: 'web', handle: 'ip 192.0.2.7' } as const
  for (const by of ['user', 'session'] as const) {
    await limiter.consume(limitKey(by, { ...nobody, principal: mallory, clientAddress: '198.51.100.1' }))
  }
  assert.equal((await limiter.consume(limitKey('ip', { ...nobody, clientAddress: '192.0.2.7' }))).kind, 'allowed')
})

test('an open route for everything does not lead around the limit of a path that only differs by case', () => {
  const open = { path: '/*', methods: null, require: 'none', limit: null } as const
  assert.equal(compileRoutes([open, ROUTE]).match('POST', '/API/login').kind, 'ambiguous')
  assert.equal(compileRoutes([open, { ...ROUTE, limit: null }]).match('POST', '/API/login').kind, 'matched')
})
