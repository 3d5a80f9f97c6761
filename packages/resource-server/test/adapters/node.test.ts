import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { type GuardedRequest, guard } from '../../src/node.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { BROKEN, describeCaller, listen, testService } from '../support/service.ts'

async function answer({ url, caller }: GuardedRequest, response: ServerResponse): Promise<void> {
  const send = (value: unknown) => void response.end(JSON.stringify(value))
  const path = url?.split('?')[0]
  if (path === '/caller') return send(describeCaller(caller))
  if (path === '/admin') return send(caller.requireRole('admin') ?? {})
  if (path === '/scope') return send(caller.requireScope('reports:write') ?? {})
  if (path === '/tenant') return send({ tenant: caller.requireTenant() })
  throw BROKEN
}

testService('node:http', (options) => {
  const guarded = guard(options, answer)
  return listen((request, response) => {
    guarded(request, response).catch((error) => {
      assert.equal(error, BROKEN)
      response.writeHead(500).end('{}')
    })
  })
})

test('node:http: a role that is found lacking after the answer has begun is an error of the listener', async (t) => {
  const { guardOptions, authorization } = await createTestIssuer()
  const errors: unknown[] = []
  const guarded = guard(guardOptions, ({ caller }, response) => {
    response.writeHead(200)
    response.end('begun')
    caller.requireRole('admin')
  })
  const service = await listen(
    (request, response) => void guarded(request, response).catch((e) => errors.push(e.status)),
  )
  t.after(() => service.stop())
  const response = await fetch(service.url, { headers: { authorization: await authorization() } })
  assert.deepEqual([response.status, await response.text(), errors], [200, 'begun', [403]])
})
