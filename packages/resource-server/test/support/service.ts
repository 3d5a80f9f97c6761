// What every service behind a guard must do, whatever its framework: one suite, one real server for each adapter.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Caller, GuardOptions } from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'

export interface Service {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  stop(): Promise<unknown>
}

/**
 * Starts a service with a guard and the paths `/caller` (answers with `describeCaller`), `/admin` (needs the role
 * `admin`), `/scope` (the scope `reports:write`), `/tenant` (answers with the tenant) and `/broken` (throws `BROKEN`).
 */
export type StartService = (options: GuardOptions) => Promise<Service>

export const BROKEN = new Error('the handler is broken')

export function describeCaller({ kind, subject, roles }: Caller) {
  return { kind, subject, roles }
}

export async function listen(listener: RequestListener): Promise<Service> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

async function start(context: TestContext, startService: StartService, options: Partial<GuardOptions> = {}) {
  const issuer = await createTestIssuer()
  const service = await startService({ ...issuer.guardOptions, ...options })
  context.after(() => service.stop())
  const ask = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(service.url + path, { headers })
    return { status: response.status, headers: response.headers, body: JSON.parse((await response.text()) || 'null') }
  }
  return { ...issuer, service, ask }
}

/** Two `Authorization` headers, which `fetch` cannot send. */
function askTwice(url: string, authorizations: readonly string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = authorizations.flatMap((value) => ['Authorization', value])
    sendRequest(url, { headers: ['Host', new URL(url).host, ...headers] }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

export function testService(name: string, startService: StartService): void {
  test(`${name}: a caller reaches the handler`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    for (const kind of ['internal', 'realm'] as const) {
      const { status, body } = await ask('/caller', await authorization({ kind, subject: 'alice', roles: ['user'] }))
      assert.deepEqual([status, body], [200, { kind, subject: 'alice', roles: ['user'] }])
    }
  })

  test(`${name}: a request without a token is answered 401, challenged without an error code`, async (t) => {
    const { ask } = await start(t, startService)
    const { status, headers, body } = await ask('/caller')
    assert.equal(status, 401)
    assert.equal(headers.get('www-authenticate'), 'Bearer realm="api"')
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(body.error, 'token_required')
    assert.ok(body.message.length > 0)
  })

  test(`${name}: an expired token is answered 401 invalid_token`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    const { status, headers, body } = await ask('/caller', await authorization({ lifeSeconds: -60 }))
    assert.equal(status, 401)
    assert.match(headers.get('www-authenticate') ?? '', /error="invalid_token"/)
    assert.equal(body.error, 'invalid_token')
  })

  test(`${name}: two headers, two tokens and a token in the query are answered 400`, async (t) => {
    const { ask, authorization, service } = await start(t, startService)
    const token = await authorization()
    assert.equal(await askTwice(`${service.url}/caller`, [token, token]), 400)
    assert.equal((await ask('/caller', `${token}, ${token}`)).status, 400)
    assert.equal((await ask('/caller?access_token=x', token)).status, 400)
    assert.equal((await ask('/caller?a=b&access_token=x')).status, 400)
    assert.equal((await ask('/caller?q=access_token', token)).status, 200)
  })

  test(`${name}: a role that is lacking inside a handler is answered 403`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    const { status, headers, body } = await ask('/admin', await authorization({ roles: ['user'] }))
    assert.equal(status, 403)
    assert.match(headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
    assert.equal(body.error, 'insufficient_scope')
    assert.equal((await ask('/admin', await authorization({ roles: ['admin'] }))).status, 200)
  })

  test(`${name}: a scope that is lacking is named`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    const { status, headers } = await ask('/scope', await authorization({ scopes: ['reports:read'] }))
    assert.equal(status, 403)
    assert.match(headers.get('www-authenticate') ?? '', /scope="reports:write"/)
  })

  test(`${name}: a tenant is there, or answered 403 tenant_required`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    assert.deepEqual((await ask('/tenant', await authorization({ tenant: 'acme' }))).body, { tenant: 'acme' })
    const { status, body } = await ask('/tenant', await authorization())
    assert.deepEqual([status, body.error], [403, 'tenant_required'])
  })

  test(`${name}: an issuer that is down is answered 503 with Retry-After`, async (t) => {
    const fetch = async () => new Response(null, { status: 500 })
    const { ask, authorization } = await start(t, startService, { fetch })
    const { status, headers, body } = await ask('/caller', await authorization())
    assert.equal(status, 503)
    assert.match(headers.get('retry-after') ?? '', /^\d+$/)
    assert.equal(body.error, 'temporarily_unavailable')
  })

  test(`${name}: an error of the handler is its own`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    const { status, headers } = await ask('/broken', await authorization())
    assert.equal(status, 500)
    assert.equal(headers.get('www-authenticate'), null)
  })

  test(`${name}: callers of requests at one time are kept apart`, async (t) => {
    const { ask, authorization } = await start(t, startService)
    const subjects = Array.from({ length: 50 }, (_, index) => `subject-${index}`)
    const tokens = await Promise.all(subjects.map((subject) => authorization({ subject })))
    const answers = await Promise.all(tokens.map((token) => ask('/caller', token)))
    assert.deepEqual(
      answers.map(({ body }) => body.subject),
      subjects,
    )
  })
}
