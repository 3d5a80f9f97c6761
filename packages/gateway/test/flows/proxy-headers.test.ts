// The headers that pass between a browser and a service, and those that do not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askGateway, cookieOf, decode, sessionCookieName, testOnBothFronts } from '../support/flow.ts'
import { setProxyStage } from '../support/proxy-stage.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import type { Stage } from '../support/stage.ts'

const lastReceived = (stage: Stage) => stage.upstream.received.at(-1)!

testOnBothFronts('what a client claims about itself does not reach the service', async (stage) => {
  const browser = await stage.loggedIn()
  const session = cookieOf(stage, browser)
  const answer = await askGateway(stage, '/api/x', {
    headers: {
      cookie: `theme=dark; ${session}; ${sessionCookieName(stage)}-login-x=1; lang=de`,
      authorization: 'Basic YWRtaW46YWRtaW4=',
      'x-user': 'admin',
      x_user: 'admin',
      'x.user': 'admin',
      'x-forwarded-user': 'admin',
      'x-auth-request-email': 'admin@example.test',
      'x-remote-user': 'admin',
      'x-original-url': '/admin/x',
      'x-http-method-override': 'DELETE',
      'x-doorman-user': 'admin',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      'x-custom': 'kept',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  })
  assert.equal(answer.status, 200)
  const { headers } = lastReceived(stage)
  assert.equal(headers.cookie, 'theme=dark; lang=de')
  const claims = decode(headers.authorization ?? '')
  assert.equal(claims.name, 'Alice Test')
  assert.equal(JSON.stringify(headers).includes('admin'), false)
  assert.equal(headers['x-custom'], 'kept')
  assert.equal(headers.traceparent, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  const { host, protocol } = new URL(stage.publicUrl)
  assert.equal(headers['x-forwarded-host'], host)
  assert.equal(headers['x-forwarded-proto'], protocol.slice(0, -1))
  assert.ok(headers['x-request-id'])
})

testOnBothFronts("only a trusted proxy's word about the client's address is passed on", async (stage) => {
  const isTrusted = stage.config.trustedProxies.length > 0
  await askGateway(stage, '/public/x', { headers: { 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7' } })
  const { headers } = lastReceived(stage)
  assert.equal(headers['x-forwarded-for'], isTrusted ? '192.0.2.7, 127.0.0.1' : '127.0.0.1')
  assert.equal(headers['x-real-ip'], isTrusted ? '192.0.2.7' : undefined)
  assert.match(headers.forwarded ?? '', /^for=127\.0\.0\.1;host="localhost:\d+";proto=https?$/)
})

test('a service that gets no token gets no other authorization either', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  for (const path of ['/public/x', '/tokenless/x']) {
    await askGateway(stage, path, { headers: { cookie, authorization: 'Bearer mine' } })
    assert.equal(lastReceived(stage).headers.authorization, undefined)
    assert.equal(lastReceived(stage).headers.cookie, undefined)
  }
})

test('headers of the connection stay on the connection', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const { port } = stage.gateways[0]!.publicAddress
  stage.upstream.answer((_, response) => {
    response.writeHead(200, {
      connection: 'x-inner',
      'x-inner': 'secret',
      'proxy-authenticate': 'Basic',
      'x-kept': '1',
    })
    response.end('ok')
  })
  const lines = [`Host: ${new URL(stage.publicUrl).host}`, `Cookie: ${cookie}`, 'Connection: x-hop', 'X-Hop: secret']
  const socketAnswer = await sendRaw(port, buildRaw('GET /api/x', [...lines, 'TE: trailers', 'Keep-Alive: 5']))
  assert.equal(socketAnswer.status, 200)
  assert.equal(socketAnswer.head.includes('secret') || socketAnswer.head.includes('proxy-authenticate'), false)
  assert.ok(socketAnswer.head.includes('x-kept: 1'))
  const { headers } = lastReceived(stage)
  for (const name of ['x-hop', 'te', 'keep-alive']) assert.equal(headers[name], undefined)
})

testOnBothFronts('a service cannot set our cookie, nor let others keep what is for one person', async (stage) => {
  const name = sessionCookieName(stage)
  stage.upstream.answer((_, response) => {
    response.setHeader('set-cookie', [`${name}=x; Path=/`, `${name}-login-a=x`, 'theme=dark', `=${name}=x`])
    response.writeHead(200, { 'cache-control': 'public, max-age=60, s-maxage=60', 'surrogate-control': 'max-age=60' })
    response.end()
  })
  const cookie = cookieOf(stage, await stage.loggedIn())
  const personal = await askGateway(stage, '/api/x', { headers: { cookie } })
  assert.equal(personal.headers['set-cookie'], 'theme=dark')
  assert.equal(personal.headers['cache-control'], 'private, max-age=60')
  assert.equal(personal.headers['surrogate-control'], undefined)
  const open = await askGateway(stage, '/public/x')
  assert.equal(open.headers['set-cookie'], 'theme=dark')
  assert.equal(open.headers['cache-control'], 'public, max-age=60, s-maxage=60')
})
