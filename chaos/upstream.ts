// The service behind the gateways: it says whose token it was sent, and whether that was alive.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Echo {
  readonly subject: string
  readonly isExpired: boolean
}

export interface Upstream {
  readonly origin: string
  close(): Promise<void>
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const body = JSON.stringify(readToken(request.headers.authorization ?? ''))
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Nobody's data without a token. The realm's signature is not what is tried here. */
function readToken(authorization: string): Echo {
  const claims = readClaims(authorization.slice('Bearer '.length))
  return { subject: String(claims.sub ?? ''), isExpired: !(Number(claims.exp) > Date.now() / 1000) }
}

/** The claims of a JWT, unverified; none of what is no JWT. */
export function readClaims(token: string): Readonly<Record<string, unknown>> {
  const [, body = ''] = token.split('.')
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString())
  } catch {
    return {}
  }
}
