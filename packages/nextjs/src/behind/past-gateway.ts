// Behind a gateway its endpoints never come here: whoever asks for them came past it, to this server's own address.
import { isNavigation } from '../fetch-metadata.ts'
import { buildProblem } from '../problem.ts'

/** A page is sent to the gateway, unless it comes from there; everything else is told that this is the wrong address. */
export function answerPastGateway(request: Request, gateway: string): Response {
  const { pathname, search } = new URL(request.url)
  const host = request.headers.get('x-forwarded-host') ?? request.headers.get('host')
  const mayMove = request.method === 'GET' && isNavigation(request.headers) && host !== new URL(gateway).host
  if (!mayMove) return buildProblem('bad_request')
  const headers = { location: gateway + pathname + search, 'cache-control': 'no-store' }
  return new Response(`People use ${gateway}\n`, { status: 307, headers })
}
