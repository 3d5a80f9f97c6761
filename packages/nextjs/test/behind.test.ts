// What an application behind a gateway sends to services by itself, and what it is told when that cannot be.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createTestUpstream, sayOk, type TestUpstream } from '../../gateway/test/support/test-upstream.ts'
import { createBehind } from '../src/behind/behind.ts'
import type { Position } from '../src/position.ts'
import { GATEWAY, type GatewayStub, openGatewayStub } from './support/gateway-stub.ts'

let stub: GatewayStub
let agent: TestUpstream
let position: Position
let alice: Headers
before(async () => {
  stub = await openGatewayStub('web')
  agent = await createTestUpstream()
  const services = { agent: agent.origin, gone: 'http://127.0.0.1:1' }
  position = createBehind({ gateway: GATEWAY, internalUrl: stub.internalUrl, audience: 'web', secret: 's', services })
  alice = await stub.headersOf({ tenant: 'acme' })
})
after(async () => {
  await agent.close()
  await stub.close()
})
beforeEach(() => {
  agent.answer(sayOk)
  agent.forget()
})

test('a service is told the token and the tenant of whose request it is, whatever the call says', async () => {
  const headers = { authorization: 'Bearer other', 'x-tenant': 'other', 'x-kind': 'test' }
  const answer = await position.callService(alice, 'agent', '/v1?q=1', { method: 'POST', headers, body: 'text' })
  assert.equal(answer.status, 200)
  const [received] = agent.received
  assert.deepEqual([received?.method, received?.target, received?.body], ['POST', '/v1?q=1', 'text'])
  const { authorization, 'x-tenant': tenant, 'x-kind': kind } = received?.headers ?? {}
  assert.deepEqual([authorization, tenant, kind], ['Bearer token-of-agent', 'acme', 'test'])
})

test('a redirect is an answer, whatever the call says', async () => {
  agent.answer((message, response) => message.resume() && response.writeHead(302, { location: '/elsewhere' }).end())
  const answer = await position.callService(alice, 'agent', '/moved', { redirect: 'follow' })
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/elsewhere'])
})

test('nobody and a service that is away are answers', async () => {
  const nobody = await position.callService(new Headers(), 'agent', '/', {})
  assert.deepEqual([nobody.status, (await nobody.json()).login_url], [401, `${GATEWAY}/auth/login`])
  const gone = await position.callService(alice, 'gone', '/', {})
  assert.deepEqual([gone.status, (await gone.json()).code], [502, 'upstream_unreachable'])
  assert.equal(agent.received.length, 0)
})

test('what the call itself got wrong is no answer of a service', async () => {
  await assert.rejects(position.callService(alice, 'agent', '/', { body: 'of a GET' }), TypeError)
  const reason = new Error('changed my mind')
  const ended = position.callService(alice, 'agent', '/', { signal: AbortSignal.abort(reason) })
  await assert.rejects(ended, reason)
})

test('a service without an address is named, and so is the option that has it', async () => {
  const isNamed = (error: unknown) => error instanceof TypeError && /services has no billing/.test(error.message)
  await assert.rejects(position.callService(alice, 'billing', '/', {}), isNamed)
  const forward = position.createApi({ service: 'billing' })
  await assert.rejects(forward(new Request('http://localhost/api/x', { headers: alice }), '/api'), isNamed)
})

test('an order is sent once, though the connection for it was kept and has just ended', async () => {
  const forward = position.createApi({ service: 'agent' })
  const ask = (method: string) => forward(new Request('http://localhost/api/x', { method, headers: alice }), '/api')
  for (const [method, times] of [
    ['POST', 1],
    ['GET', 2],
  ] as const) {
    agent.answer(sayOk)
    await (await ask('GET')).text()
    agent.forget()
    agent.answer((message) => message.socket.resetAndDestroy())
    assert.equal((await ask(method)).status, 502)
    assert.equal(agent.received.length, times, method)
  }
})

test('without a secret no tokens of services can be had, and the error names the option', async () => {
  const { internalUrl } = stub
  const bare = createBehind({ gateway: GATEWAY, internalUrl, audience: 'web', services: { agent: agent.origin } })
  const isNamed = (error: unknown) => error instanceof TypeError && /secret is missing/.test(error.message)
  await assert.rejects(bare.obtainToken(alice, 'agent'), isNamed)
  await assert.rejects(bare.callService(alice, 'agent', '/', {}), isNamed)
})
