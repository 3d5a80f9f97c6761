import { createHash } from 'node:crypto'
import { doorman } from '../../../doorman'

/** Not the token itself, which stays on the server. */
export const GET = doorman.route(async ({ nextUrl }) => {
  const token = await doorman.getToken(nextUrl.searchParams.get('service') ?? '')
  return Response.json({ hash: createHash('sha256').update(token).digest('hex') })
})
