// What programs are answered, in both positions: refusals, streams, uploads, outages, and how often the realm is asked.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type Dispatcher, request } from 'undici'
import { logInExpired, refreshes } from '../../gateway/test/support/flow.ts'
import { sayOk } from '../../gateway/test/support/test-upstream.ts'
import { FRONT_END, type NextStage, openNextStage, POSITIONS, startForlorn } from './support/next-stage.ts'

const UPLOAD_BYTES = 12 * 1024 * 1024
/** Looks like a token of the gateway, whose keys decide. */
const NOT_VERIFIED_YET = [{ alg: 'RS256', typ: 'at+jwt', kid: 'k' }, { iss: 'http://127.0.0.1:1' }, 'signature']
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }

for (const position of POSITIONS) {
  let stage: NextStage
  let alice: Browser
  before(async () => {
    stage = await openNextStage(position)
    alice = await stage.loggedIn()
  })
  after(() => stage?.close())

  /** A page's own request, whose answer is not read yet. */
  function send(path: string, options: Partial<Dispatcher.RequestOptions> = {}) {
    const cookie = alice.cookies.header(stage.publicUrl) ?? ''
    const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    return request(stage.url(path), {
      method: 'GET',
      ...options,
      headers: { ...headers, ...(options.headers as Record<string, string>) },
    })
  }

  test(`${position}: nobody is told so in JSON, and where to log in`, async () => {
    const anyone = createBrowser()
    for (const path of ['/api/me', '/api/admin', '/api/agent/x', '/orders']) {
      const answer = await anyone.fetch(stage.url(path))
      assert.equal(answer.status, 401, path)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      const { code, login_url } = JSON.parse(answer.body)
      assert.deepEqual([code, login_url], ['login_required', stage.url('/auth/login')], path)
    }
    assert.equal((await anyone.fetch(stage.url('/api/plain'))).status, 401)
  })

  test(`${position}: a page sends nobody to the login, and back to itself afterwards`, async () => {
    const answer = await createBrowser().navigate(stage.url('/orders?tab=2'))
    assert.deepEqual(
      [answer.status, answer.headers.get('location')],
      [307, stage.url('/auth/login?return_to=%2Forders%3Ftab%3D2')],
    )
  })

  test(`${position}: whose session has ended is sent to the login by the page, whatever path a client names`, async () => {
    const cookie = alice.cookies.header(stage.publicUrl)?.replace(/=.*/, `=${'x'.repeat(43)}`) ?? ''
    const { statusCode, headers, body } = await send('/orders?tab=2', {
      headers: { ...NAVIGATION, cookie, 'x-doorman-path': '/elsewhere' },
    })
    // The shell of the page may be on its way already; then the page itself goes on.
    const wayOn = statusCode === 307 ? headers.location : /content="1;url=([^"]+)"/.exec(await body.text())?.[1]
    assert.match(String(wayOn), /\/auth\/login\?return_to=%2Forders%3Ftab%3D2$/)
  })

  test(`${position}: whoever is logged in is known, and needs the role`, async () => {
    const known = await alice.fetch(stage.url('/api/me'))
    assert.deepEqual([known.status, JSON.parse(known.body)], [200, { name: 'Alice Test' }])
    const refused = await alice.fetch(stage.url('/api/admin'))
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [403, 'forbidden'])
    const carol = await stage.loggedIn('carol')
    assert.equal((await carol.fetch(stage.url('/api/admin'))).status, 200)
  })

  test(`${position}: what another site sends is refused`, async () => {
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const { statusCode, body } = await send('/api/me', { method: 'POST', headers: foreign })
    const problem: unknown = await body.json()
    assert.deepEqual([statusCode, Object(problem).code], [403, 'csrf'])
  })

  test(`${position}: a service gets the person's token and nothing that only says who they are`, async () => {
    stage.agent.forget()
    const headers = { 'x-user': 'root', 'x-forwarded-user': 'root', 'x-request-kind': 'test' }
    const { statusCode, body } = await send('/api/agent/deep/a%20b?q=1', { headers })
    assert.equal(statusCode, 200)
    await body.dump()
    const [received] = stage.agent.received
    assert.equal(received?.target, '/v1/deep/a%20b?q=1')
    assert.match(received?.headers.authorization ?? '', /^Bearer eyJ/)
    assert.equal(received?.headers['x-request-kind'], 'test')
    for (const name of ['cookie', 'x-user', 'x-forwarded-user', 'x-doorman-path']) {
      assert.equal(received?.headers[name], undefined, name)
    }
  })

  test(`${position}: a stream arrives piece by piece`, async (t) => {
    const firstRead = Promise.withResolvers<void>()
    answerOnce(t, stage, async (message, response) => {
      message.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
      await firstRead.promise
      response.end('data: last\n\n')
    })
    const { body } = await send('/api/agent/stream')
    let text = ''
    for await (const piece of body) {
      text += piece
      if (text.includes('first')) firstRead.resolve()
    }
    assert.equal(text, 'data: first\n\ndata: last\n\n')
  })

  test(`${position}: an upload of 12 MB arrives unbroken`, async (t) => {
    const hash = Promise.withResolvers<string>()
    answerOnce(t, stage, async (message, response) => {
      const received = createHash('sha256')
      for await (const piece of message) received.update(piece)
      hash.resolve(received.digest('hex'))
      response.end('ok')
    })
    const upload = randomBytes(UPLOAD_BYTES)
    const { statusCode, body } = await send('/api/agent/upload', { method: 'POST', body: upload })
    assert.deepEqual([statusCode, await body.text()], [200, 'ok'])
    assert.equal(await hash.promise, createHash('sha256').update(upload).digest('hex'))
  })

  test(`${position}: services are asked not to pack, because Next does, and what is packed is unpacked`, async (t) => {
    const text = 'a long answer '.repeat(500)
    answerOnce(t, stage, (message, response) => {
      message.resume()
      response.writeHead(200, { 'content-encoding': 'gzip', etag: '"1"' }).end(gzipSync(text))
    })
    stage.agent.forget()
    const { headers, body } = await send('/api/agent/packed', { headers: { 'accept-encoding': 'br' } })
    assert.deepEqual([headers['content-encoding'], headers.etag, await body.text()], [undefined, '"1"', text])
    assert.equal(stage.agent.received[0]?.headers['accept-encoding'], 'identity')
  })

  test(`${position}: a redirect of a service is the page's to follow`, async (t) => {
    answerOnce(t, stage, (message, response) => {
      message.resume()
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    const { statusCode, headers, body } = await send('/api/agent/moved')
    assert.deepEqual([statusCode, headers.location], [302, '/elsewhere'])
    await body.dump()
  })

  test(`${position}: the service hears that a reader has gone`, async (t) => {
    const gone = Promise.withResolvers<void>()
    answerOnce(t, stage, (message, response) => {
      message.resume()
      response.on('close', () => gone.resolve())
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first')
    })
    const { body } = await send('/api/agent/endless')
    await once(body, 'readable')
    body.on('error', () => {}).destroy()
    await gone.promise
  })

  test(`${position}: the service hears that nobody waits for its answer any more`, async (t) => {
    const arrived = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    answerOnce(t, stage, (message, response) => {
      message.resume()
      response.on('close', () => gone.resolve())
      arrived.resolve()
    })
    const abort = new AbortController()
    const answer = send('/api/agent/slow', { signal: abort.signal }).catch(() => null)
    await arrived.promise
    abort.abort()
    await gone.promise
    assert.equal(await answer, null)
  })

  test(`${position}: twenty components at once cost one token request when the token has ended`, async () => {
    const browser = await logInExpired(stage)
    const before = refreshes(stage)
    const asked = countTokenRequests(stage)
    const { status, body } = await browser.navigate(stage.url('/many'))
    assert.equal(status, 200)
    assert.equal(body.match(/<p class="one" data-status="200">Alice Test<\/p>/g)?.length, 20)
    assert.equal(refreshes(stage) - before, 1)
    if (position === 'behind') assert.equal(countTokenRequests(stage) - asked, 1)
  })

  test(`${position}: a page calls a service once for each time it is shown`, async () => {
    stage.agent.forget()
    await alice.navigate(stage.url('/orders'))
    assert.equal(stage.agent.received.length, 1)
  })

  test(`${position}: who is there is looked up once for each time a page is shown`, async () => {
    const { body } = await alice.navigate(stage.url('/orders'))
    assert.match(body, /<p id="orders" data-same="true">Alice Test/)
  })

  test(`${position}: what a handler calls is asked for anew each time, and can be read though it was packed`, async (t) => {
    let code = 0
    answerOnce(t, stage, (message, response) => {
      message.resume()
      code += 1
      response.writeHead(200, { 'content-encoding': 'gzip', 'cache-control': 'max-age=60' })
      response.end(gzipSync(JSON.stringify({ code })))
    })
    for (const expected of [1, 2]) {
      const answer = await alice.fetch(stage.url('/api/call?service=agent'))
      assert.deepEqual(JSON.parse(answer.body), { status: 200, code: expected })
    }
  })

  test(`${position}: whoever lacks a second login is told so, and not led through the first one in circles`, async () => {
    const answer = await alice.fetch(stage.url('/api/token?service=llm'))
    const { code, login_url } = JSON.parse(answer.body)
    const second = [401, 'second_login_required', stage.url('/auth/login/models')]
    const told = position === 'embedded' ? second : [403, 'forbidden', undefined]
    assert.deepEqual([answer.status, code, login_url], told)
    assert.equal((await createBrowser().fetch(stage.url('/api/token?service=llm'))).status, 401)
  })

  test(`${position}: while the realm is away people are asked to come again`, async (t) => {
    const browser = await logInExpired(stage)
    await stage.realm.stopListening()
    t.after(() => stage.realm.startListening())
    const answer = await browser.fetch(stage.url('/api/agent/x'))
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  })

  test(`${position}: a front end of another origin may ask, and no other page may`, async () => {
    for (const [origin, allowed] of [
      [FRONT_END, FRONT_END],
      ['https://evil.example', undefined],
    ] as const) {
      const preflight = { origin, 'access-control-request-method': 'GET', 'sec-fetch-site': 'same-site' }
      const { headers, body } = await request(stage.url('/auth/user'), { method: 'OPTIONS', headers: preflight })
      await body.dump()
      assert.equal(headers['access-control-allow-origin'], allowed)
    }
  })

  test(`${position}: while nobody can say who is calling people are asked to come again`, async (t) => {
    const next = await startForlorn(position)
    t.after(() => next.close())
    const headers = { authorization: `Bearer ${NOT_VERIFIED_YET}` }
    const ask = (path: string) => fetch(`http://127.0.0.1:${next.port}${path}`, { headers })
    // At once: each that comes by itself would wait anew for the store.
    const [called, ...answers] = await Promise.all(['/api/call', '/api/me', '/api/agent/x'].map(ask))
    assert.deepEqual(await called?.json(), { status: 503, code: 'temporarily_unavailable' })
    for (const answer of answers) {
      assert.deepEqual([answer.status, (await answer.json()).code], [503, 'temporarily_unavailable'], answer.url)
      assert.ok(Number(answer.headers.get('retry-after')) >= 1)
    }
  })

  test(`${position}: a service that is away is a 502`, async () => {
    const answer = await alice.fetch(stage.url('/api/gone/x'))
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [502, 'upstream_unreachable'])
    const called = await alice.fetch(stage.url('/api/call?service=gone'))
    assert.deepEqual(JSON.parse(called.body), { status: 502, code: 'upstream_unreachable' })
  })

  if (position === 'embedded') continue
  test(`${position}: whoever comes past the gateway needs its token, and no header says who they are`, async () => {
    const answer = await fetch(`http://127.0.0.1:${stage.next.port}/api/me`, {
      headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.', 'x-user': 'alice', 'x-tenant': 'acme' },
    })
    assert.deepEqual([answer.status, (await answer.json()).code], [401, 'login_required'])
  })

  // The last one: there is no gateway any more.
  test(`${position}: while the gateway is away people are asked to come again`, async () => {
    const bob = await stage.loggedIn('bob')
    await bob.fetch(stage.url('/api/me'))
    const authorization = /.*authorization: (Bearer \S+)/is.exec(stage.between?.asked() ?? '')?.[1] ?? ''
    await stage.gateways?.gateways[0]?.close()
    const ask = (path: string) => fetch(`http://127.0.0.1:${stage.next.port}${path}`, { headers: { authorization } })
    assert.deepEqual(await (await ask('/api/me')).json(), { name: 'Bob Test' })
    const answer = await ask('/api/agent/x')
    assert.deepEqual([answer.status, (await answer.json()).code], [503, 'temporarily_unavailable'])
    assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  })
}

function answerOnce(
  t: { after(work: () => void): void },
  stage: NextStage,
  script: (message: IncomingMessage, response: ServerResponse) => unknown,
): void {
  stage.agent.answer(script)
  t.after(() => stage.agent.answer(sayOk))
}

function countTokenRequests({ gateways }: NextStage): number {
  return (gateways?.events ?? []).filter((event) => event.kind === 'token.served').length
}
