// Compiled, never run: one line guards, and the caller is typed behind it.
import { guard } from '../../src/web.ts'

const options = { audience: 'reports', gateway: 'https://app.example.com' }

export const GET: (request: Request) => Promise<Response> = guard(options, (_request, caller) =>
  Response.json({ subject: caller.subject }),
)
export const POST: (request: Request, context: { params: { id: string } }) => Promise<Response> = guard(
  options,
  async (_request, caller, { params }: { params: { id: string } }) => Response.json([caller.subject, params.id]),
)
// @ts-expect-error a handler answers
export const PUT = guard(options, () => undefined)
