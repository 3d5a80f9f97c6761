import assert from 'node:assert/strict'
import { test } from 'node:test'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { answerBearerErrors, guard } from '../../src/express.ts'
import type { GuardOptions } from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { BROKEN, describeCaller, listen, testService } from '../support/service.ts'

const answerBroken: ErrorRequestHandler = (error, _request, response, next) => {
  if (error !== BROKEN) return next(error)
  response.status(500).json({ error: 'broken' })
}

function createApp(options: GuardOptions): Express {
  const app = express()
  app.use(guard(options))
  app.get('/caller', (request, response) => void response.json(describeCaller(request.caller)))
  app.get('/admin', (request, response) => {
    request.caller.requireRole('admin')
    response.json({})
  })
  app.get('/scope', async (request, response) => {
    request.caller.requireScope('reports:write')
    response.json({})
  })
  app.get('/tenant', (request, response) => void response.json({ tenant: request.caller.requireTenant() }))
  app.get('/broken', () => {
    throw BROKEN
  })
  return app
}

testService('express', (options) => listen(createApp(options).use(answerBearerErrors, answerBroken)))

test('express: without the error handler, status and challenge are the same', async (t) => {
  const { guardOptions, authorization } = await createTestIssuer()
  const app = createApp(guardOptions).set('env', 'test')
  const service = await listen(app)
  t.after(() => service.stop())
  const response = await fetch(`${service.url}/admin`, { headers: { authorization: await authorization() } })
  assert.equal(response.status, 403)
  assert.match(response.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
})

test('express: a guard on one path guards that path alone', async (t) => {
  const { guardOptions, authorization } = await createTestIssuer()
  const app = express()
  app.get('/open', (_request, response) => void response.json({}))
  app.use('/api', guard(guardOptions), (request, response) => void response.json(describeCaller(request.caller)))
  const service = await listen(app)
  t.after(() => service.stop())
  const headers = { authorization: await authorization() }
  assert.equal((await fetch(`${service.url}/open`)).status, 200)
  assert.equal((await fetch(`${service.url}/api/x`)).status, 401)
  assert.equal((await fetch(`${service.url}/api/x?access_token=1`, { headers })).status, 400)
  assert.equal((await fetch(`${service.url}/api/x`, { headers })).status, 200)
})
