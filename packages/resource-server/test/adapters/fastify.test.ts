import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { answerBearerErrors, guard } from '../../src/fastify.ts'
import { createGuard, type GuardOptions } from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { BROKEN, describeCaller, testService } from '../support/service.ts'

function createApp(options: GuardOptions): FastifyInstance {
  const app = fastify()
  app.register(guard(options))
  app.get('/caller', (request) => Promise.resolve(describeCaller(request.caller)))
  app.get('/admin', async (request) => {
    request.caller.requireRole('admin')
    return {}
  })
  app.get('/scope', async (request) => {
    request.caller.requireScope('reports:write')
    return {}
  })
  app.get('/tenant', async (request) => ({ tenant: request.caller.requireTenant() }))
  app.get('/broken', async () => {
    throw BROKEN
  })
  return app
}

testService('fastify', async (options) => {
  const app = createApp(options)
  app.setErrorHandler(answerBearerErrors)
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), stop: () => app.close() }
})

test('fastify: without the error handler, status, challenge and message are the same', async (t) => {
  const { guardOptions, authorization } = await createTestIssuer()
  const app = createApp(guardOptions)
  t.after(() => app.close())
  const response = await app.inject({ url: '/admin', headers: { authorization: await authorization() } })
  assert.equal(response.statusCode, 403)
  assert.match(String(response.headers['www-authenticate']), /error="insufficient_scope"/)
  assert.match(response.json().message, /admin/)
})

test('fastify: a guard in one scope guards that scope and those below it', async (t) => {
  const { guardOptions } = await createTestIssuer()
  const app = fastify()
  t.after(() => app.close())
  app.get('/open', async () => ({}))
  app.register(async (scope) => {
    scope.register(guard(guardOptions))
    scope.get('/guarded', async () => ({}))
    scope.register(async (below) => {
      below.get('/below', async () => ({}))
    })
  })
  const status = async (url: string) => (await app.inject(url)).statusCode
  assert.deepEqual([await status('/open'), await status('/guarded'), await status('/below')], [200, 401, 401])
})

test('fastify: a guard within a guard is no error', async (t) => {
  const { guardOptions, authorization } = await createTestIssuer()
  const app = fastify()
  t.after(() => app.close())
  app.register(guard(guardOptions))
  app.register(async (scope) => {
    scope.register(guard(createGuard({ ...guardOptions, audience: 'other' })))
    scope.get('/inner', async () => ({}))
  })
  const headers = { authorization: await authorization() }
  assert.equal((await app.inject({ url: '/inner', headers })).statusCode, 401)
})
