// Compiled, never run: one line guards, and the caller is typed behind it.
import fastify from 'fastify'
import { answerBearerErrors, guard } from '../../src/fastify.ts'
import { createGuard } from '../../src/index.ts'

export const app = fastify()
app.register(guard({ audience: 'reports', gateway: 'https://app.example.com' }))
app.register(guard(createGuard({ audience: 'reports', issuer: 'https://sso.example.com/realms/main' })))
app.setErrorHandler(answerBearerErrors)
app.get('/', async (request) => {
  const roles: readonly string[] = request.caller.roles
  // @ts-expect-error a tenant is no number
  const tenant: number = request.caller.requireTenant()
  return { roles, tenant }
})
