// Bodies on their way through: whole, piece by piece, and broken off.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { askGateway, cookieOf, problemCode, testOnBothFronts } from '../support/flow.ts'
import { setProxyStage } from '../support/proxy-stage.ts'
import { CLIENT_SECRET, type Stage } from '../support/stage.ts'

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

const UPLOAD_BYTES = 10 * 1024 * 1024

testOnBothFronts('an upload of 10 MB arrives whole', async (stage) => {
  const cookie = cookieOf(stage, await stage.loggedIn())
  const body = randomBytes(UPLOAD_BYTES)
  stage.upstream.answer(async (message, response) => {
    const hash = createHash('sha256')
    for await (const chunk of message) hash.update(chunk)
    response.end(hash.digest('hex'))
  })
  const answer = await askGateway(stage, '/api/upload', { method: 'PUT', headers: { ...OWN_PAGE, cookie }, body })
  assert.equal(answer.body, createHash('sha256').update(body).digest('hex'))
})

/** An answer that is still coming. */
async function openStream(stage: Stage, cookie: string): Promise<IncomingMessage> {
  const { port } = stage.gateways[0]!.publicAddress
  const headers = { host: new URL(stage.publicUrl).host, cookie }
  const [answer] = await once(get({ host: '127.0.0.1', port, path: '/api/events', headers, agent: false }), 'response')
  return answer
}

test('events arrive one by one, and a browser that goes away ends them at the service', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const upstreamClosed = Promise.withResolvers<void>()
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
    response.on('close', () => upstreamClosed.resolve())
  })
  const answer = await openStream(stage, cookie)
  const [event] = await once(answer, 'data')
  assert.equal(String(event), 'data: one\n\n')
  answer.destroy()
  await upstreamClosed.promise
})

test('an answer that a service breaks off is broken off for the browser too', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy())
  })
  const answer = await openStream(stage, cookie)
  answer.resume()
  const [error] = await once(answer, 'error')
  assert.equal(error.code, 'ECONNRESET')
})

testOnBothFronts(
  'a service that hangs up is 502: a page for a person, a problem document for a script',
  async (stage) => {
    const browser = await stage.loggedIn()
    stage.upstream.answer((message) => message.socket.destroy())
    const problem = await browser.fetch(stage.url('/api/x'))
    assert.equal(problem.status, 502)
    assert.equal(problemCode(problem), 'upstream_reset')
    const page = await browser.navigate(stage.url('/page/x'))
    assert.equal(page.status, 502)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    for (const { body } of [problem, page]) {
      assert.equal(body.includes(CLIENT_SECRET) || body.includes(stage.upstream.origin), false)
    }
  },
)
