// The way from the gateways to a real realm, as an address of its own: it counts what was asked, and lets a test lose,
// delay or replace an answer after the realm has worked on the request.
import { once } from 'node:events'
import { request as askRealm, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface BackchannelCall {
  readonly realm: string
  /** The last segment of the path: `token`, `certs`, `logout`, `auth`, `openid-configuration`. */
  readonly endpoint: string
  readonly form: URLSearchParams
  /** What the realm answered, whatever became of it afterwards. */
  readonly status: number
  readonly body: string
}

export type BackchannelFault =
  /** The realm has answered, and the connection breaks. */
  | { readonly kind: 'lose' }
  /** The realm has answered, and nothing arrives until then. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  /** The realm is not even asked. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: Record<string, string>
      readonly body: string
    }

export interface Backchannel {
  readonly origin: string
  readonly calls: readonly BackchannelCall[]
  /** Calls of the token endpoint with a refresh token, whatever was answered. */
  refreshes(): readonly BackchannelCall[]
  /** For the next calls of the token endpoint, one each. */
  fault(...faults: readonly BackchannelFault[]): void
  close(): Promise<void>
}

export async function openBackchannel(realmOrigin: string): Promise<Backchannel> {
  const calls: BackchannelCall[] = []
  const faults: BackchannelFault[] = []
  const server = createServer((message, response) => {
    pass(message, response).catch(() => response.destroy())
  })

  async function pass(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await buffer(message)
    const form = new URLSearchParams(sent.toString())
    const segments = new URL(message.url ?? '', realmOrigin).pathname.split('/')
    const endpoint = segments.at(-1) ?? ''
    const fault = endpoint === 'token' ? faults.shift() : undefined
    if (fault?.kind === 'answer') {
      response.writeHead(fault.status, fault.headers).end(fault.body)
      return
    }
    const answer = await ask(realmOrigin, message, sent)
    const body = await buffer(answer)
    const status = answer.statusCode ?? 0
    calls.push({ realm: segments[2] ?? '', endpoint, form, status, body: body.toString() })
    if (fault?.kind === 'hold') await fault.until
    if (fault?.kind === 'lose') response.destroy()
    else response.writeHead(status, { ...answer.headers, 'content-length': body.length }).end(body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // Another host than the issuer's `localhost`: Keycloak then names its token endpoint there and its issuer as before.
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    refreshes: () => calls.filter(({ form }) => form.get('grant_type') === 'refresh_token'),
    fault: (...added) => void faults.push(...added),
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** As it came, the host that was asked for included. */
async function ask(realmOrigin: string, message: IncomingMessage, sent: Buffer): Promise<IncomingMessage> {
  const { method, headers } = message
  const asked = askRealm(new URL(message.url ?? '', realmOrigin), { method, headers, agent: false })
  asked.end(sent)
  const [answer] = await once(asked, 'response')
  return answer
}
