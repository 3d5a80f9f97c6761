import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildServiceHeaders } from '../src/behind/headers.ts'

const namesSentOn = (headers: Record<string, string>) =>
  buildServiceHeaders(new Headers(headers), null, null).map(([name]) => name)

const all = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'x']))

test('nothing goes on that a service could take for who is calling, or that Next believes', () => {
  const claims = ['x-user', 'x_user', 'x-forwarded-user', 'x-auth-roles', 'proxy-authorization', 'x-original-url']
  assert.deepEqual(namesSentOn(all([...claims, 'x-middleware-next', 'x_nextjs_data', 'x-invoke-path', 'te'])), [])
})

test('what the gateway in front has written goes on, and nothing spelled like it', () => {
  const chain = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id']
  assert.deepEqual(namesSentOn(all([...chain, 'x_forwarded_for', 'x.request.id'])), chain)
})

test('a service is told the token and the tenant of whoever asks, and no cookie', () => {
  const headers = new Headers({
    authorization: 'Bearer internal',
    cookie: 'theme=dark',
    connection: 'close, x-hop',
    'x-hop': '1',
    'x-tenant': 'other',
    'content-type': 'text/plain',
  })
  assert.deepEqual(buildServiceHeaders(headers, 'token', 'acme'), [
    ['content-type', 'text/plain'],
    ['authorization', 'Bearer token'],
    ['x-tenant', 'acme'],
  ])
  assert.deepEqual(buildServiceHeaders(headers, null, null), [['content-type', 'text/plain']])
})
