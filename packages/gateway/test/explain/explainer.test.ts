// The operator's questions, over real sockets.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { createExplainer } from '../../src/explain/explainer.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { type Gateway, openGateway } from '../../src/gateway.ts'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'

const TEXT = `publicUrl: http://localhost:4000
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0, tokenFile: token }
session: { store: memory }
realms:
  main: { issuer: "http://127.0.0.1:9/realms/main", clientId: web, clientAuth: { secret: canary-secret } }
services: { reports: { url: "http://reports:8000", credential: accessToken } }
routes: [{ path: "/api/*", service: reports, require: { roles: [admin], claims: { plan: gold } } }]
`

function load(folder: string) {
  const reading = parseConfig(TEXT, { file: join(folder, 'doorman.yaml'), env: {}, folder })
  assert(reading.kind === 'valid', JSON.stringify(reading))
  return reading.config
}

suite('POST /explain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-explain-'))
  const events: GatewayEvent[] = []
  let gateway: Gateway

  before(async () => {
    gateway = await openGateway(load(folder), { logLevel: 'error' })
    gateway.events.subscribe((event) => events.push(event))
  })
  after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true })
  })

  function ask(body: string, authorization?: string): Promise<Response> {
    const { port } = gateway.operatorAddress
    return fetch(`http://127.0.0.1:${port}/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      body,
    })
  }
  const bearer = () => `Bearer ${readFileSync(join(folder, 'token'), 'utf8').trim()}`
  const question = { method: 'GET', path: '/api/x', claims: { sub: 'canary-person', plan: 'canary-plan' } }

  test('answers who has the token, masks what the claims say, and leaves an audit event', async () => {
    const answer = await ask(JSON.stringify(question), bearer())
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const text = await answer.text()
    assert.doesNotMatch(text, /canary/)
    const { route, decision, rules } = JSON.parse(text)
    assert.deepEqual([route.path, decision.code], ['/api/*', 'ERR_POLICY_FORBIDDEN'])
    assert.deepEqual(rules.at(-1), { rule: 'claims plan', wants: ['gold'], saw: 'text', holds: false })
    assert.equal(events.filter(({ kind }) => kind === 'operator.explained').length, 1)
  })

  test('shows what the claims say when asked to', async () => {
    const { rules } = (await (await ask(JSON.stringify({ ...question, showClaims: true }), bearer())).json()) as {
      rules: { saw: unknown }[]
    }
    assert.equal(rules.at(-1)?.saw, 'canary-plan')
  })

  test('asks for the token', async () => {
    assert.equal((await ask(JSON.stringify(question))).status, 401)
    assert.equal((await ask(JSON.stringify(question), 'Bearer wrong')).status, 401)
  })

  test('does not read what is too long', async () => {
    const claims = { sub: 'x'.repeat(200_000) }
    assert.equal((await ask(JSON.stringify({ ...question, claims }), bearer())).status, 400)
  })
})

suite('an explanation for a session', () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const explain = createExplainer({ config: load('/'), sessions: lifecycle, now: clock.now })
  const asked = { method: 'GET', path: '/api/x', tenant: null, showsClaims: true }

  test('sees what the live session knows', async () => {
    const roles = { realmRoles: ['admin'], clientRoles: {} }
    const opened = await lifecycle.open(buildNewSession({ roles, accessClaims: { plan: 'gold' } }))
    const { handle } = opened.live.session
    const explained = await explain({ ...asked, caller: { kind: 'session', handle } })
    assert(explained.kind === 'explained')
    assert.equal(explained.route, '/api/*')
    assert(JSON.stringify(explained.explanation).includes('"decision":{"kind":"allow"}'))
    assert.doesNotMatch(JSON.stringify(explained.explanation), /access-token-1/)
  })

  test('says of a session whose tokens are lost that it opens nothing, and why', async () => {
    const opened = await lifecycle.open(buildNewSession())
    await lifecycle.lose(opened.live, 'reuse')
    const explained = await explain({ ...asked, caller: { kind: 'session', handle: opened.live.session.handle } })
    assert(explained.kind === 'explained')
    const { decision, notes } = explained.explanation as Explanation
    assert.equal(decision.kind === 'deny' && decision.wire, 'login_required')
    assert.match(notes[0] ?? '', /tokens .* lost/)
  })

  test('finds none by what is no handle', async () => {
    assert.deepEqual(await explain({ ...asked, caller: { kind: 'session', handle: 'nothing' } }), {
      kind: 'no-session',
    })
  })
})
