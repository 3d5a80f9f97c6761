// What stays open: the tabs' event stream begins at once, ends with the session, and with the gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sidOf, tellGateways } from '../support/back-channel-logout.ts'
import { setEmbeddedStage } from '../support/embedded-stage.ts'
import { statusOf } from '../support/flow.ts'

/** Resolves with what has come once it matches; rejects when the stream ends first. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, pattern: RegExp): Promise<string> {
  let text = ''
  while (!pattern.test(text)) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`ended after ${text}`)
    text += Buffer.from(value).toString()
  }
  return text
}

test('a tab hears at once, and hears that the realm has ended the session', async (t) => {
  const stage = await setEmbeddedStage(t)
  tellGateways(stage, 'with sid')
  const browser = await stage.loggedIn()
  const answer = await stage.gateway.handle(stage.request('/auth/events', browser))
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const reader = answer.body!.getReader()
  await readUntil(reader, /^retry: \d+\n\n/)
  await stage.realm.endSession(sidOf(stage.realm, 'alice'))
  await readUntil(reader, /event: session-ended\ndata: .*\n\n/)
  assert.equal(await statusOf(stage, browser), 401)
})

test('a gateway that closes ends its streams, and answers 503 from then on', async (t) => {
  const stage = await setEmbeddedStage(t)
  const browser = await stage.loggedIn()
  const send = stage.gateway.createRoute({ service: 'api', base: '/api', rewrite: null, require: { login: true } })
  const answer = await stage.gateway.handle(stage.request('/auth/events', browser))
  const ended = answer.text()
  await stage.gateway.close()
  assert.match(await ended, /^retry: /)
  assert.equal((await stage.gateway.handle(stage.request('/auth/user', browser))).status, 503)
  assert.equal((await send(stage.request('/api/x', browser))).status, 503)
})

test('a WebSocket’s request is answered as any other', async (t) => {
  const stage = await setEmbeddedStage(t)
  const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  assert.equal((await stage.gateway.handle(stage.request('/public/x', null, { headers }))).status, 200)
  assert.equal(stage.upstream.received[0]!.headers.upgrade, undefined)
})
