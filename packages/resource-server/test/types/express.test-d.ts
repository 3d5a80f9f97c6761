// Compiled, never run: one line guards, and the caller is typed behind it.
import express from 'express'
import { answerBearerErrors, guard } from '../../src/express.ts'
import { createGuard } from '../../src/index.ts'

export const app = express()
app.use(guard({ audience: 'reports', gateway: 'https://app.example.com' }))
app.use('/api', guard(createGuard({ audience: 'reports', issuer: 'https://sso.example.com/realms/main' })))
app.get('/', (request, response) => {
  const subject: string = request.caller.subject
  const tenant: string = request.caller.requireTenant()
  response.json({ subject, tenant })
  // @ts-expect-error whoever asks for a role says which
  request.caller.requireRole()
  // @ts-expect-error what callers share cannot be changed
  request.caller.roles.push('admin')
})
app.use(answerBearerErrors)

// @ts-expect-error a guard knows for which service it stands
guard({ gateway: 'https://app.example.com' })
