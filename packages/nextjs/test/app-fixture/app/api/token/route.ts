import { doorman } from '../../../doorman'

export const GET = doorman.route(async () => Response.json({ characters: (await doorman.getToken('llm')).length }))
