// Compiled, never run: one line guards, and the caller is typed behind it.
import { createServer } from 'node:http'
import { createGuard } from '../../src/index.ts'
import { guard } from '../../src/node.ts'

export const server = createServer(
  guard({ audience: 'reports', gateway: 'https://app.example.com' }, (request, response) => {
    const subject: string = request.caller.subject
    response.end(subject)
    // @ts-expect-error who calls is decided by the guard
    request.caller = null
  }),
)
export const other = createServer(
  guard(createGuard({ audience: 'reports', gateway: 'https://app.example.com' }), async (_request, response) => {
    response.end()
  }),
)
