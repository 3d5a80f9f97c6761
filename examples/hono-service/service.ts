// A service in Hono that the gateway calls under its own name, with the token of its service account: whoever pressed a
// button in a browser is not in it, and must not be guessed.
import type { Caller, GuardOptions } from '@doorman/resource-server'
import { guard } from '@doorman/resource-server/hono'
import { Hono } from 'hono'

export function createService(options: GuardOptions): Hono {
  const app = new Hono()
  app.use(guard(options))

  app.get('/whoami', (c) => {
    const caller = c.get('caller')
    return c.json({
      service: 'hono',
      framework: 'Hono 4',
      credential: describe(caller),
      note: isServiceAccount(caller)
        ? `No person is in it: the subject is the service account of ${caller.clientId}.`
        : 'A person is in it.',
    })
  })

  return app
}

/** Keycloak names the user behind a client's service account after the client. */
function isServiceAccount({ clientId, claims }: Caller): boolean {
  return claims.preferred_username === `service-account-${clientId}`
}

function describe({ kind, issuer, subject, clientId, roles, tenant, expiresAt, claims }: Caller) {
  const expiresIn = Math.round(expiresAt - Date.now() / 1000)
  return { kind, issuer, audience: claims.aud, subject, clientId, roles, tenant, expiresIn }
}
