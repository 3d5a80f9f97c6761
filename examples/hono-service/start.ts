import { serve } from '@hono/node-server'
import { createService } from './service.ts'

const { PORT = '3003', REALM_ISSUER = 'http://localhost:8180/realms/main', AUDIENCE = 'reports' } = process.env

const { fetch } = createService({ issuer: REALM_ISSUER, audience: AUDIENCE })
serve({ fetch, port: Number(PORT), hostname: '127.0.0.1' }, () => {
  console.log(`hono on http://127.0.0.1:${PORT}, access tokens of ${REALM_ISSUER} for ${AUDIENCE}`)
})
