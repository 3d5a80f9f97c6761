import { doorman } from '../../../doorman'

export const GET = doorman.route((_request, { session }) => Response.json({ name: session.name }), { role: 'admin' })
