import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { type AskedRequest, answerExplain, type Explained } from '../../src/operator/explain.ts'

const EXPLAINED: Explained = { kind: 'explained', explanation: { decision: 'allow' }, route: '/api/*' }
const QUESTION = { method: 'GET', path: '/api/x' }

async function ask(body: unknown, { answer = EXPLAINED, contentType = 'application/json' } = {}) {
  const asked: AskedRequest[] = []
  const told: GatewayEvent[] = []
  const events = createEvents()
  events.subscribe((event) => told.push(event))
  const explain = async (question: AskedRequest) => {
    asked.push(question)
    return answer
  }
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const request = {
    method: 'POST',
    path: '/explain',
    query: new URLSearchParams(),
    headers: { 'content-type': contentType },
    clientAddress: '192.0.2.1',
    readBody: async () => text,
  }
  const reply = await answerExplain(request, { explain, events })
  return { reply, asked: asked[0], told }
}

suite('a question to a running gateway', () => {
  test('is about nobody, without tenant and with masked values, unless it says more', async () => {
    const { reply, asked } = await ask(QUESTION)
    assert.equal(reply.status, 200)
    assert.deepEqual(JSON.parse(reply.body), { decision: 'allow' })
    assert.deepEqual(asked, { ...QUESTION, caller: { kind: 'nobody' }, tenant: null, showsClaims: false })
  })

  test('may be about claims', async () => {
    const { asked } = await ask({ ...QUESTION, claims: { sub: 'x' }, via: 'bearer', tenant: 'acme', showClaims: true })
    assert.deepEqual(asked?.caller, { kind: 'claims', claims: { sub: 'x' }, via: 'bearer' })
    assert.deepEqual([asked?.tenant, asked?.showsClaims], ['acme', true])
  })

  test('may be about a session by its public handle', async () => {
    const { asked } = await ask({ ...QUESTION, session: 'handle-1' })
    assert.deepEqual(asked?.caller, { kind: 'session', handle: 'handle-1' })
  })

  test('is audited with who and what, never with values', async () => {
    const { told } = await ask({ ...QUESTION, path: '/api/secret', session: 'handle-1', tenant: 'acme' })
    assert.deepEqual(told, [
      {
        kind: 'operator.explained',
        clientAddress: '192.0.2.1',
        method: 'GET',
        route: '/api/*',
        caller: 'session',
        session: 'handle-1',
        showsClaims: false,
      },
    ])
    const claimed = await ask({ ...QUESTION, claims: { sub: 'canary' }, showClaims: true })
    assert.doesNotMatch(JSON.stringify(claimed.told), /canary|secret|acme/)
  })

  test('about a session that there is not is 404, and audited all the same', async () => {
    const { reply, told } = await ask({ ...QUESTION, session: 'gone' }, { answer: { kind: 'no-session' } })
    assert.equal(reply.status, 404)
    assert.partialDeepStrictEqual(told, [{ kind: 'operator.explained', route: 'no-session', session: 'gone' }])
  })

  const senseless: readonly (readonly [string, unknown, string?])[] = [
    ['no JSON', '{'],
    ['a list', []],
    ['no method', { path: '/' }],
    ['no path', { method: 'GET' }],
    ['claims and a session', { ...QUESTION, claims: {}, session: 'x' }],
    ['claims that are a list', { ...QUESTION, claims: [] }],
    ['a member nobody knows', { ...QUESTION, token: 'x' }],
    ['another way to prove it', { ...QUESTION, via: 'magic' }],
    ['a text for true', { ...QUESTION, showClaims: 'true' }],
    ['a body too long', undefined],
    ['a form', QUESTION, 'application/x-www-form-urlencoded'],
    ['JSON said to be text', QUESTION, 'text/plain'],
  ]
  for (const [name, body, contentType] of senseless) {
    test(`of ${name} is 400 and asks nothing`, async () => {
      const { reply, asked, told } = await ask(body, contentType === undefined ? {} : { contentType })
      assert.deepEqual([reply.status, asked, told], [400, undefined, []])
    })
  }
})
