// Compiled, never run: one line guards, and the caller is typed behind it.
import { Hono } from 'hono'
import { guard } from '../../src/hono.ts'
import { createGuard } from '../../src/index.ts'

export const app = new Hono()
app.use(guard({ audience: 'reports', gateway: 'https://app.example.com' }))
app.use('/api/*', guard(createGuard({ audience: 'reports', issuer: 'https://sso.example.com/realms/main' })))
app.get('/', (c) => {
  const subject: string = c.get('caller').subject
  // @ts-expect-error the subject is no number
  const wrong: number = c.var.caller.subject
  return c.json({ subject, wrong })
})
