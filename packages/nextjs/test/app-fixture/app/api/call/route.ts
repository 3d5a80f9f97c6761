import { doorman } from '../../../doorman'

// Not a `route()`: what comes of `fetchService` alone is an answer as well.
export async function GET() {
  const answer = await doorman.fetchService('gone', '/x')
  return Response.json({ status: answer.status, code: (await answer.json()).code })
}
