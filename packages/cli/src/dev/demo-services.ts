// The services behind the demo's front door. They show what they received; a token only by its end and its length.
import { createServer, type IncomingMessage, type Server } from 'node:http'

/** What a service tells about a request. */
export interface Received {
  readonly authorization: string
  readonly [fact: string]: string
}

export interface DemoService {
  readonly name: string
  readonly greeting: (person: string) => string
}

/** The service anybody may call. */
export const HELLO: DemoService = { name: 'hello', greeting: () => 'good day, whoever you are' }
/** The service for people who have logged in. */
export const ACCOUNT: DemoService = { name: 'account', greeting: (person) => `good day, ${person}` }

export function createDemoService(service: DemoService): Server {
  return createServer((message, answer) => {
    const claims = readClaims(message.headers.authorization)
    const person = typeof claims.name === 'string' ? claims.name : 'stranger'
    const body = { service: service.name, greeting: service.greeting(person), received: describe(message, claims) }
    answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
  })
}

function describe(message: IncomingMessage, claims: Readonly<Record<string, unknown>>): Received {
  const { headers } = message
  return {
    authorization: shorten(headers.authorization),
    ...('sub' in claims ? { 'the token is for': String(claims.preferred_username ?? claims.sub) } : {}),
    ...('exp' in claims ? { 'the token ends in': `${Math.round(Number(claims.exp) - Date.now() / 1000)} s` } : {}),
    cookie: headers.cookie ?? 'none',
    'x-forwarded-for': String(headers['x-forwarded-for'] ?? 'none'),
    'x-request-id': String(headers['x-request-id'] ?? 'none'),
  }
}

function shorten(authorization: string | undefined): string {
  if (authorization === undefined) return 'none'
  return `Bearer …${authorization.slice(-6)} (${authorization.length - 'Bearer '.length} characters)`
}

/** Reads without verifying, to show it. A real service verifies first. */
function readClaims(authorization: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(authorization?.split('.')[1] ?? '', 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}
