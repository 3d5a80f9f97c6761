// The service without a gateway: an issuer of the test stands in for it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createTestIssuer, type TestCaller } from '@doorman/resource-server/testing'
import { createService } from '../service.ts'

const issuer = await createTestIssuer({ audience: 'express' })
let server: Server

before(async () => {
  server = createService(issuer.guardOptions).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

interface Body {
  readonly credential: Readonly<Record<string, unknown>>
  readonly tenant?: string
  readonly error?: string
}

async function ask(path: string, caller?: TestCaller) {
  const { port } = server.address() as AddressInfo
  const authorization = caller === undefined ? undefined : await issuer.authorization(caller)
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: authorization ? { authorization } : {} })
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    body: (await answer.json()) as Body,
  }
}

test('tells who is calling, and never the token', async () => {
  const caller = { subject: 'alice', roles: ['user'], tenant: 'acme', clientId: 'web-gateway' }
  const { body } = await ask('/whoami', caller)
  const { issuer: iss, expiresIn, ...credential } = body.credential
  const { subject, roles, tenant, clientId } = caller
  assert.deepEqual(credential, { kind: 'internal', audience: 'express', subject, clientId, roles, tenant })
  assert.equal(iss, 'https://gateway.test')
  assert.ok(Number(expiresIn) > 0 && Number(expiresIn) <= 60)
  assert.doesNotMatch(JSON.stringify(body), /eyJ[\w-]+\./)
})

test('knows the tenant from the token alone', async () => {
  assert.equal((await ask('/tenant', { tenant: 'globex' })).body.tenant, 'globex')
})

test('without a tenant the tenant page is refused', async () => {
  const { status, body } = await ask('/tenant', {})
  assert.deepEqual([status, body.error], [403, 'tenant_required'])
})

test('the report is for administrators', async () => {
  assert.equal((await ask('/admin', { roles: ['admin'] })).status, 200)
  const { status, challenge } = await ask('/admin', { roles: ['user'] })
  assert.equal(status, 403)
  assert.match(challenge ?? '', /insufficient_scope/)
})

for (const [what, caller] of [
  ['for another service', { audience: 'fastapi' }],
  ['that has ended', { lifeSeconds: -60 }],
  ['without a subject', { claims: { sub: undefined } }],
] as const) {
  test(`refuses a token ${what}`, async () => {
    assert.equal((await ask('/whoami', caller)).status, 401)
  })
}

test('asks for a token when none is sent', async () => {
  const { status, challenge } = await ask('/whoami')
  assert.deepEqual([status, challenge], [401, 'Bearer realm="api"'])
})
