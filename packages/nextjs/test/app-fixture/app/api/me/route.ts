import { doorman } from '../../../doorman'

export const GET = doorman.route((_request, { session }) => Response.json({ name: session.name }))
export const POST = GET
