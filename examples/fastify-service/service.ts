// A service in Fastify that takes access tokens of the realm for its own audience: the gateway exchanges the person's
// token for one that is good here and nowhere else (RFC 8693).
import type { Caller, GuardOptions } from '@doorman/resource-server'
import { answerBearerErrors, guard } from '@doorman/resource-server/fastify'
import fastify, { type FastifyInstance } from 'fastify'

export function createService(options: GuardOptions): FastifyInstance {
  const app = fastify()
  app.register(guard(options))
  app.setErrorHandler(answerBearerErrors)

  app.get('/whoami', async ({ caller }) => ({
    service: 'fastify',
    framework: 'Fastify 5',
    credential: describe(caller),
  }))

  // A role of the client `billing`, as the realm has given it.
  app.get('/invoices', async ({ caller }) => {
    caller.requireClientRole('billing', 'pay')
    return { service: 'fastify', invoices: ['2026-001'], credential: describe(caller) }
  })

  return app
}

function describe({ kind, issuer, subject, clientId, roles, tenant, expiresAt, claims }: Caller) {
  const expiresIn = Math.round(expiresAt - Date.now() / 1000)
  return { kind, issuer, audience: claims.aud, subject, clientId, roles, tenant, expiresIn }
}
