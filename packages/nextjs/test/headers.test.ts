import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createHeaderJudge } from '../../gateway/src/upstream/header-rules.ts'
import { buildServiceHeaders, isSentOn } from '../src/behind/headers.ts'

const RULES = new URL('../../gateway/src/upstream/header-rules.ts', import.meta.url)
/** What the gateway writes anew for its service: it is the chain of whoever is in front. */
const CHAIN = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id']

test('what the gateway does not send on to a service, an application behind it does not either', () => {
  const judge = createHeaderJudge()
  const named = [...readFileSync(RULES, 'utf8').matchAll(/'([a-z0-9-]+)'/g)].map(([, name = '']) => name)
  const dropped = named.filter((name) => judge(name) === 'drop' && !CHAIN.includes(name))
  assert.ok(dropped.length > 50)
  assert.deepEqual(
    dropped.filter((name) => isSentOn(name) || isSentOn(name.replaceAll('-', '_').toUpperCase())),
    [],
  )
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
