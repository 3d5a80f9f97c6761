import { doorman } from '../../../doorman'

// Not a `route()`: what comes of `fetchService` alone is an answer as well. What it asks for beside that counts for nothing.
export async function GET(request: Request) {
  const service = new URL(request.url).searchParams.get('service') ?? 'gone'
  const answer = await doorman.fetchService(service, '/x', { cache: 'force-cache', next: { revalidate: 60 } })
  return Response.json({ status: answer.status, code: (await answer.json()).code })
}
