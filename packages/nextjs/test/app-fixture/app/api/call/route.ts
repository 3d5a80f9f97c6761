import { doorman } from '../../../doorman'

export const GET = doorman.route(async () => {
  const answer = await doorman.fetchService('gone', '/x')
  return Response.json({ status: answer.status, code: (await answer.json()).code })
})
