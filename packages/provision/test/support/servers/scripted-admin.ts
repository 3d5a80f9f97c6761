// An admin interface that answers what a test tells it to, call by call: for faults, which no real one has on demand.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ScriptedAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** `cut` ends the connection without an answer, `hang` never answers. */
export type Script = ScriptedAnswer | 'cut' | 'hang'

export interface ReceivedCall {
  /** Such as `GET /admin/realms/main/clients`, without a query. */
  readonly what: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface ScriptedAdmin {
  readonly url: string
  readonly issuer: string
  /** All of them, in the order they came in. */
  readonly calls: readonly ReceivedCall[]
  of(what: string): readonly ReceivedCall[]
  /** Answers to this call, one after the other; the last one stays. */
  script(what: string, ...answers: readonly Script[]): void
  close(): Promise<void>
}

export const TOKEN_CALL = 'POST /realms/main/protocol/openid-connect/token'

export async function startScriptedAdmin(): Promise<ScriptedAdmin> {
  const calls: ReceivedCall[] = []
  const scripts = new Map<string, Script[]>()
  const server = createServer((request, response) => {
    readCall(request).then((call) => {
      calls.push(call)
      const answers = scripts.get(call.what) ?? [{ status: 404, body: { error: 'not scripted' } }]
      play(answers.length > 1 ? answers.shift()! : answers[0]!, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = 'https://sso.example.com/realms/main'
  const admin: ScriptedAdmin = {
    url,
    issuer,
    calls,
    of: (what) => calls.filter((call) => call.what === what),
    script: (what, ...answers) => void scripts.set(what, [...answers]),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  admin.script(TOKEN_CALL, tokenAnswer(issuer))
  return admin
}

/** A token as Keycloak's token endpoint answers it; nobody checks the signature of one's own. */
export function tokenAnswer(issuer: string, lifetimeSeconds = 300, name = 'token'): ScriptedAnswer {
  const claims = Buffer.from(JSON.stringify({ iss: issuer, name })).toString('base64url')
  return { status: 200, body: { access_token: `e30.${claims}.${name}`, expires_in: lifetimeSeconds } }
}

async function readCall(request: IncomingMessage): Promise<ReceivedCall> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  // Keycloak's client writes a slash after the names of collections.
  return {
    what: `${request.method} ${pathname.replace(/\/$/, '')}`,
    query: searchParams,
    headers: request.headers,
    body,
  }
}

function play(script: Script, response: ServerResponse): void {
  if (script === 'hang') return
  if (script === 'cut') {
    response.socket?.destroy()
    return
  }
  response.writeHead(script.status, { 'content-type': 'application/json', ...script.headers })
  response.end(script.body === undefined ? undefined : JSON.stringify(script.body))
}
