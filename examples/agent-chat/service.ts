// The agent: an Express service that answers for one tenant at a time. Who is calling, and for which tenant, is in the
// card that the doorman sends along; the guard checks it, and nothing else a browser sends says who somebody is.
import { setTimeout as delay } from 'node:timers/promises'
import type { GuardOptions } from '@doorman/resource-server'
import { guard } from '@doorman/resource-server/express'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'

interface Tenant {
  readonly company: string
  readonly plan: string
}

const TENANTS: ReadonlyMap<string, Tenant> = new Map([
  ['acme', { company: 'Acme Rockets', plan: 'enterprise' }],
  ['globex', { company: 'Globex', plan: 'starter' }],
])
const WORD_MILLISECONDS = 30

export function createService(options: GuardOptions): Express {
  const app = express()
  // Whoever has no card, or a wrong one, is answered 401 here.
  app.use(guard(options))
  app.get('/api/agent/health', (_request, response) => void response.json({ status: 'well' }))
  app.use(resolveTenant)
  app.get('/api/agent/session', ({ caller }, response) => {
    response.json({ ...response.locals.tenant, tenant: caller.tenant, name: caller.claims.name })
  })
  app.post('/api/agent/chat', express.json(), answerInWords)
  return app
}

/** The tenant middleware: behind it there is one, and nobody works for another one than their own. */
function resolveTenant({ caller }: Request, response: Response, next: NextFunction): void {
  const refuse = (code: string, detail: string) => {
    const problem = { type: 'about:blank', title: 'No company', status: 403, code, detail }
    response.status(403).type('application/problem+json').json(problem)
  }
  const { tenant: name, organizations } = caller
  const tenant = name === null ? undefined : TENANTS.get(name)
  if (tenant !== undefined) {
    response.locals.tenant = tenant
    next()
  } else if (name !== null) refuse('tenant_unknown', `${name} is not a customer of ours yet.`)
  else if (organizations.length > 1) refuse('tenant_ambiguous', `Choose ${organizations.join(' or ')}.`)
  else refuse('tenant_required', 'Ask your administrator to add you to a company.')
}

async function answerInWords({ body }: Request, response: Response): Promise<void> {
  const { company, plan }: Tenant = response.locals.tenant
  const text = `You asked: “${body?.message}”. At ${company} nothing is on fire, and the ${plan} plan has room for more.`
  response.type('text/plain; charset=utf-8')
  for (const word of text.split(/(?<= )/)) {
    if (response.destroyed) return
    response.write(word)
    await delay(WORD_MILLISECONDS)
  }
  response.end()
}
