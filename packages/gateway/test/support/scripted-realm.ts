// A realm whose every answer is written by the test: for what no honest realm would send.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

export type Script = (request: SeenRequest, response: ServerResponse) => void

export interface RealmKey {
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

export interface ScriptedRealm {
  readonly origin: string
  readonly issuer: string
  readonly seen: readonly SeenRequest[]
  /** Requests to one endpoint, by the end of its path (`token`, `certs`, `auth`, `logout`, `openid-configuration`). */
  seenAt(endpoint: string): readonly SeenRequest[]
  /** Replaces what an endpoint answers. */
  answer(endpoint: string, script: Script): void
  /** Resolves with the next request to an endpoint. */
  nextAt(endpoint: string): Promise<SeenRequest>
  metadata(): Record<string, unknown>
  close(): Promise<void>
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export async function makeKey(kid: string, algorithm: string): Promise<RealmKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, privateKey, publicJwk }
}

export function signToken(
  key: RealmKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const protectedHeader = { alg: key.algorithm, kid: key.kid, typ: 'JWT', ...header }
  return new SignJWT({ ...claims }).setProtectedHeader(protectedHeader).sign(key.privateKey)
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function buildMetadata(origin: string): Record<string, unknown> {
  const protocol = `${origin}/realms/main/protocol/openid-connect`
  return {
    issuer: `${origin}/realms/main`,
    authorization_endpoint: `${protocol}/auth`,
    token_endpoint: `${protocol}/token`,
    jwks_uri: `${protocol}/certs`,
    introspection_endpoint: `${protocol}/token/introspect`,
    end_session_endpoint: `${protocol}/logout`,
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  }
}

/** A healthy realm on port 0 until told otherwise; it publishes `keys` and says it is `now` o'clock. */
export async function startScriptedRealm(keys: readonly RealmKey[], now: () => number): Promise<ScriptedRealm> {
  const seen: SeenRequest[] = []
  const waiting = new Map<string, Array<(request: SeenRequest) => void>>()
  const scripts = new Map<string, Script>()
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const path = request.url ?? ''
    const endpoint = path.replace(/\?.*/, '').split('/').at(-1) ?? ''
    const entry = { method: request.method ?? '', path, headers: request.headers, form: await readForm(request) }
    seen.push(entry)
    for (const resolve of waiting.get(endpoint)?.splice(0) ?? []) resolve(entry)
    response.setHeader('date', new Date(now() * 1000).toUTCString())
    const script = scripts.get(endpoint)
    if (script === undefined) response.writeHead(404).end()
    else script(entry, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  scripts.set('openid-configuration', (_request, response) => sendJson(response, 200, buildMetadata(origin)))
  scripts.set('certs', (_request, response) => sendJson(response, 200, { keys: keys.map((key) => key.publicJwk) }))
  scripts.set('token', (_request, response) => sendJson(response, 400, { error: 'invalid_grant' }))
  scripts.set('logout', (_request, response) => response.writeHead(204).end())
  scripts.set('auth', (request, response) => {
    const redirectUri = new URL(request.path, origin).searchParams.get('redirect_uri')
    response.writeHead(302, { location: `${redirectUri}?error=login_required` }).end()
  })
  return {
    origin,
    issuer: `${origin}/realms/main`,
    seen,
    seenAt: (endpoint) => seen.filter(({ path }) => path.replace(/\?.*/, '').endsWith(`/${endpoint}`)),
    answer: (endpoint, script) => void scripts.set(endpoint, script),
    nextAt: (endpoint) => new Promise((resolve) => waiting.set(endpoint, [...(waiting.get(endpoint) ?? []), resolve])),
    metadata: () => buildMetadata(origin),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
