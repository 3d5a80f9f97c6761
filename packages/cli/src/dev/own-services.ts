// The services that run in the demo's own process. They say what they received; a token only by its end and its length.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Caller } from '@doorman/resource-server'
import { type GuardedRequest, guard } from '@doorman/resource-server/node'

export interface Issuers {
  readonly publicUrl: string
  readonly main: string
  readonly models: string
}

export interface AccountService {
  readonly server: Server
  /** The last internal token it was sent. A real service never hands one on; the walk tries what it opens. */
  lastInternalToken(): string | undefined
}

/** The service anybody may call. */
export function createHello(): Server {
  return createServer((message, response) => {
    const credential = { kind: 'none' }
    answer(response, { service: 'hello', greeting: 'good day, whoever you are', credential, received: list(message) })
  })
}

/** The service for people who have logged in. It takes their own tokens, and internal ones where a route sends those. */
export function createAccount({ publicUrl, main }: Issuers): AccountService {
  let internalToken: string | undefined
  const listener = (request: GuardedRequest, response: ServerResponse) => {
    const { caller } = request
    if (caller.kind === 'internal') internalToken = request.headers.authorization?.slice('Bearer '.length)
    answerCaller('account', request, response)
  }
  const server = createServer(guard({ gateway: publicUrl, issuer: main, audience: ['account', 'reports'] }, listener))
  return { server, lastInternalToken: () => internalToken }
}

/** A model server of a second realm. */
export function createModelServer({ models }: Issuers): Server {
  return createServer(
    guard({ issuer: models, audience: 'llm' }, (request, response) => answerCaller('llm', request, response)),
  )
}

function answerCaller(service: string, request: GuardedRequest, response: ServerResponse): void {
  const { caller } = request
  const name = caller.claims.name ?? caller.claims.preferred_username ?? 'stranger'
  const credential = describe(caller)
  answer(response, { service, greeting: `good day, ${name}`, credential, received: list(request, caller) })
}

function answer(response: ServerResponse, body: Readonly<Record<string, unknown>>): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify({ framework: 'node:http', ...body }))
}

function describe({ kind, issuer, subject, clientId, roles, tenant, expiresAt, claims }: Caller) {
  return { kind, issuer, audience: claims.aud, subject, clientId, roles, tenant, expiresIn: secondsUntil(expiresAt) }
}

function list({ headers }: IncomingMessage, caller?: Caller): Readonly<Record<string, string>> {
  return {
    authorization: shorten(headers.authorization),
    ...(caller === undefined
      ? {}
      : {
          'the token is for': String(caller.claims.preferred_username ?? caller.subject),
          'the token ends in': `${secondsUntil(caller.expiresAt)} s`,
        }),
    cookie: headers.cookie ?? 'none',
    'x-forwarded-for': String(headers['x-forwarded-for'] ?? 'none'),
    'x-request-id': String(headers['x-request-id'] ?? 'none'),
  }
}

function secondsUntil(instant: number): number {
  return Math.round(instant - Date.now() / 1000)
}

function shorten(authorization: string | undefined): string {
  if (authorization === undefined) return 'none'
  return `Bearer …${authorization.slice(-6)} (${authorization.length - 'Bearer '.length} characters)`
}
