// A service in Express that takes the internal tokens of a Doorman gateway. Who is calling stands in `request.caller`.
import type { Caller, GuardOptions } from '@doorman/resource-server'
import { answerBearerErrors, guard } from '@doorman/resource-server/express'
import express, { type Express } from 'express'

export function createService(options: GuardOptions): Express {
  const app = express()
  app.use(guard(options))

  app.get('/whoami', ({ caller }, response) => {
    response.json({ service: 'express', framework: 'Express 5', credential: describe(caller) })
  })

  // The tenant the gateway has decided on, from the token alone: no header of a browser reaches this far.
  app.get('/tenant', ({ caller }, response) => {
    response.json({ service: 'express', tenant: caller.requireTenant(), credential: describe(caller) })
  })

  app.get('/admin', ({ caller }, response) => {
    caller.requireRole('admin')
    response.json({ service: 'express', report: 'for administrators', credential: describe(caller) })
  })

  app.use(answerBearerErrors)
  return app
}

function describe({ kind, issuer, subject, clientId, roles, tenant, expiresAt, claims }: Caller) {
  const expiresIn = Math.round(expiresAt - Date.now() / 1000)
  return { kind, issuer, audience: claims.aud, subject, clientId, roles, tenant, expiresIn }
}
