// An issuer on a real socket: its metadata, its key set and its introspection, each as a test wants it at the moment.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface Question {
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (
  question: Question,
) => { status?: number; headers?: Record<string, string>; body: unknown } | Promise<never>

export interface IssuerServer {
  /** `http://127.0.0.1:PORT`. */
  readonly issuer: string
  readonly jwksUrl: string
  /** What each path answers; absent: 404. */
  readonly answers: Map<string, Answer>
  /** What was asked, by path. */
  asked(path: string): readonly Question[]
  publish(...keys: readonly unknown[]): void
}

export const METADATA_PATH = '/.well-known/openid-configuration'
export const JWKS_PATH = '/jwks.json'
export const INTROSPECTION_PATH = '/introspect'

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}

/** Stopped when the test ends. */
export async function startIssuer(context: TestContext): Promise<IssuerServer> {
  const questions: { path: string; question: Question }[] = []
  const answers = new Map<string, Answer>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const question = { method: request.method ?? '', headers: request.headers, body: await readBody(request) }
    questions.push({ path, question })
    const { status = 200, headers = {}, body } = (await answers.get(path)?.(question)) ?? { status: 404, body: '' }
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = {
    issuer,
    jwks_uri: issuer + JWKS_PATH,
    introspection_endpoint: issuer + INTROSPECTION_PATH,
  }
  answers.set(METADATA_PATH, () => ({ body: metadata }))
  answers.set(JWKS_PATH, () => ({ body: { keys: [] } }))
  return {
    issuer,
    jwksUrl: issuer + JWKS_PATH,
    answers,
    asked: (path) => questions.filter((one) => one.path === path).map(({ question }) => question),
    publish: (...keys) => answers.set(JWKS_PATH, () => ({ body: { keys } })),
  }
}
