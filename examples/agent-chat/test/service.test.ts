// The tenant middleware without a gateway: an issuer of the test stands in for it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createTestIssuer, type TestCaller } from '@doorman/resource-server/testing'
import { createService } from '../service.ts'

const issuer = await createTestIssuer({ audience: 'agent' })
let server: Server

before(async () => {
  server = createService(issuer.guardOptions).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

async function ask(path: string, caller: TestCaller | null, init: RequestInit = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo
  const headers = { 'content-type': 'application/json', 'x-tenant': 'acme' }
  const card = caller === null ? {} : { authorization: await issuer.authorization(caller) }
  return fetch(`http://127.0.0.1:${port}/api/agent/${path}`, { ...init, headers: { ...headers, ...card } })
}

test('the tenant of the card is the one that counts, whatever a header says', async () => {
  const answer = await ask('session', { tenant: 'globex', claims: { name: 'Bob' } })
  assert.deepEqual(await answer.json(), { company: 'Globex', plan: 'starter', tenant: 'globex', name: 'Bob' })
})

const DOORS = [
  ['session', 'GET'],
  ['chat', 'POST'],
] as const

for (const [what, caller, code] of [
  ['no tenant', {}, 'tenant_required'],
  ['a tenant that is no customer', { tenant: 'initech' }, 'tenant_unknown'],
  ['a tenant named after what every object has', { tenant: 'constructor' }, 'tenant_unknown'],
  ['two tenants and no choice', { organizations: ['acme', 'globex'] }, 'tenant_ambiguous'],
] as const) {
  test(`${what}: 403 ${code} with a sentence for people, and no answer of the agent`, async () => {
    for (const [path, method] of DOORS) {
      const answer = await ask(path, caller, { method })
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
      const { title, detail, ...facts } = (await answer.json()) as Readonly<Record<string, unknown>>
      assert.deepEqual(facts, { type: 'about:blank', status: 403, code })
      assert.equal(answer.status, 403)
      assert.match(String(title), /^\p{Lu}.+/u)
      assert.match(String(detail), /^\S.+\.$/)
    }
  })
}

for (const [what, caller, error] of [
  ['nobody', null, 'token_required'],
  ['a card for another service', { audience: 'orders', tenant: 'acme' }, 'invalid_token'],
] as const) {
  test(`${what}: 401 ${error} with a sentence for developers, and no answer of the agent`, async () => {
    for (const [path, method] of DOORS) {
      const answer = await ask(path, caller, { method })
      assert.equal(answer.status, 401)
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/)
      const { message, ...facts } = (await answer.json()) as Readonly<Record<string, unknown>>
      assert.deepEqual(facts, { error })
      assert.match(String(message), /^\p{Lu}.+\.$/u)
    }
  })
}

test('who has no tenant may still ask how the agent is', async () => {
  assert.equal((await ask('health', {})).status, 200)
})

test('the first words of an answer are there before the last are written', async () => {
  const answer = await ask('chat', { tenant: 'acme' }, { method: 'POST', body: JSON.stringify({ message: 'Hello' }) })
  const pieces = []
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) pieces.push(piece)
  assert.ok(pieces.length > 3)
  assert.match(pieces.join(''), /^You asked: “Hello”\. At Acme Rockets /)
})
