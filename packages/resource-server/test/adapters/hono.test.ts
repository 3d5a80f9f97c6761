import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { guard } from '../../src/hono.ts'
import { BROKEN, describeCaller, listen, testService } from '../support/service.ts'

testService('hono', (options) => {
  const app = new Hono()
  app.use(guard(options))
  app.get('/caller', (c) => c.json(describeCaller(c.get('caller'))))
  app.get('/admin', (c) => {
    c.get('caller').requireRole('admin')
    return c.json({})
  })
  app.get('/scope', async (c) => {
    c.var.caller.requireScope('reports:write')
    return c.json({})
  })
  app.get('/tenant', (c) => c.json({ tenant: c.var.caller.requireTenant() }))
  app.get('/broken', () => {
    throw Object.assign(BROKEN, { getResponse: () => Response.json({ error: 'broken' }, { status: 500 }) })
  })
  return listen(getRequestListener(app.fetch))
})
