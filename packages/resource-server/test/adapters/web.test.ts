import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { createGuard } from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { authenticate, guard, handle } from '../../src/web.ts'
import { BROKEN, describeCaller, listen, testService } from '../support/service.ts'

testService('web', (options) => {
  const route = guard(options, async (request, caller) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/caller') return Response.json(describeCaller(caller))
    if (pathname === '/admin') return Response.json(caller.requireRole('admin') ?? {})
    if (pathname === '/scope') return Response.json(caller.requireScope('reports:write') ?? {})
    if (pathname === '/tenant') return Response.json({ tenant: caller.requireTenant() })
    throw BROKEN
  })
  const answerBroken = (error: unknown) => Response.json({ own: error === BROKEN }, { status: 500 })
  return listen(getRequestListener((request) => route(request).catch(answerBroken)))
})

test('web: what a framework passes beside the request reaches the handler', async () => {
  const { guardOptions, authorization } = await createTestIssuer()
  const route = guard(guardOptions, (_request, caller, context: { id: string }) => {
    return Response.json([caller.subject, context.id])
  })
  const headers = { authorization: await authorization({ subject: 'alice' }) }
  const response = await route(new Request('https://api.test/1', { headers }), { id: '1' })
  assert.deepEqual(await response.json(), ['alice', '1'])
})

test('web: a request is authenticated and a refusal answered without a handler, too', async () => {
  const { guardOptions, authorization } = await createTestIssuer()
  const service = createGuard(guardOptions)
  const headers = { authorization: await authorization({ subject: 'alice' }) }
  assert.equal((await authenticate(service, new Request('https://api.test/', { headers }))).subject, 'alice')
  const refused = await authenticate(service, new Request('https://api.test/')).catch(handle)
  assert.ok(refused instanceof Response)
  assert.equal(refused.status, 401)
  assert.throws(() => handle(BROKEN), BROKEN)
})
