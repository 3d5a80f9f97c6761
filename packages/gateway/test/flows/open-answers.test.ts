// Answers that are still coming when their session ends: event streams end with it, everything else as configured.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { cookieOf, eventsOf, setStage } from '../support/flow.ts'
import type { Stage, StageOptions } from '../support/stage.ts'

const CUT = 'logout: { inFlight: cut }'

/** A service whose answers the test ends; `asked` is the first one. */
async function setUp(t: TestContext, options: Partial<StageOptions> = {}) {
  const stage = await setStage(t, options)
  const browser = await stage.loggedIn()
  const asked = Promise.withResolvers<ServerResponse>()
  stage.upstream.answer((_, response) => asked.resolve(response))
  return { stage, browser, cookie: cookieOf(stage, browser), asked: asked.promise }
}

interface Open {
  readonly asking: ClientRequest
  readonly answer: Promise<IncomingMessage>
}

function ask(stage: Stage, cookie: string, options: { gateway?: number; method?: string; path?: string } = {}): Open {
  const { port } = stage.gateways[options.gateway ?? 0]!.publicAddress
  const { host } = new URL(stage.publicUrl)
  const headers = { host, cookie, 'sec-fetch-site': 'same-origin' }
  const { method = 'GET', path = '/api/x' } = options
  const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false })
  asking.on('error', () => {})
  const answer = once(asking, 'response').then(([message]) => message as IncomingMessage)
  if (method === 'GET') asking.end()
  return { asking, answer }
}

/** All that comes, and whether it came to its end. */
async function readAll(answer: IncomingMessage): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  let text = ''
  answer.on('data', (piece) => {
    text += piece
  })
  answer.on('error', () => {})
  await new Promise((resolve) => answer.once('close', resolve))
  return { text, isComplete: answer.complete }
}

function logOut(stage: Stage, browser: Browser) {
  return browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
}

test('event streams end at a logout on another replica, between two events', async (t) => {
  const { stage, browser, cookie } = await setUp(t, { replicas: 3, session: 'cacheAge: 1h' })
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  const answers = await Promise.all([0, 1, 2].map((gateway) => ask(stage, cookie, { gateway }).answer))
  const heard = Promise.all(answers.map(readAll))
  await Promise.all(answers.map((answer) => once(answer, 'data')))
  await logOut(stage, browser)
  for (const each of await heard) assert.deepEqual(each, { text: 'data: 1\n\n', isComplete: true })
})

test('an event that is half said is broken off', async (t) => {
  const { stage, browser, cookie, asked } = await setUp(t)
  const { answer } = ask(stage, cookie)
  const service = await asked
  const gone = once(service, 'close')
  service.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\ndata: ')
  const heard = readAll(await answer)
  await logOut(stage, browser)
  assert.equal((await heard).isComplete, false)
  await gone
  assert.equal(eventsOf(stage, 'request.failed').at(-1)?.code, 'ERR_SESSION_REVOKED')
})

test('an event stream for everybody knows no session', async (t) => {
  const { stage, browser, cookie, asked } = await setUp(t)
  const { answer } = ask(stage, cookie, { path: '/public/x' })
  const service = await asked
  service.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  const heard = readAll(await answer)
  await logOut(stage, browser)
  service.end('data: 2\n\n')
  assert.deepEqual(await heard, { text: 'data: 1\n\ndata: 2\n\n', isComplete: true })
})

test('a download on its way may finish', async (t) => {
  const { stage, browser, cookie, asked } = await setUp(t)
  const { answer } = ask(stage, cookie)
  const service = await asked
  service.writeHead(200, { 'content-length': '8' }).write('half')
  const heard = readAll(await answer)
  await logOut(stage, browser)
  service.end('half')
  assert.deepEqual(await heard, { text: 'halfhalf', isComplete: true })
})

test('a download on its way is broken off where the configuration says so', async (t) => {
  const { stage, browser, cookie, asked } = await setUp(t, { config: CUT })
  const { answer } = ask(stage, cookie)
  const service = await asked
  const gone = once(service, 'close')
  service.writeHead(200, { 'content-length': '8' }).write('half')
  const heard = readAll(await answer)
  await logOut(stage, browser)
  assert.deepEqual(await heard, { text: 'half', isComplete: false })
  await gone
})

test('a request whose answer has not begun is told so, where the configuration says so', async (t) => {
  const { stage, browser, cookie, asked } = await setUp(t, { config: CUT })
  const { answer } = ask(stage, cookie)
  await asked
  await logOut(stage, browser)
  const { statusCode } = await answer
  assert.equal(statusCode, 401)
})

for (const [config, outcome] of [
  [CUT, 'cut'],
  ['', 'received whole'],
] as const) {
  test(`an upload on its way at a logout is ${outcome}`, async (t) => {
    const { stage, browser, cookie } = await setUp(t, { config })
    const asked = Promise.withResolvers<ServerResponse>()
    stage.upstream.answer((message, response) => {
      message.once('data', () => asked.resolve(response))
      message.on('end', () => response.end('whole'))
    })
    const { asking, answer } = ask(stage, cookie, { method: 'POST' })
    asking.write('half')
    const service = await asked.promise
    const gone = once(service, 'close')
    await logOut(stage, browser)
    if (config === CUT) await gone
    asking.end('half')
    const { statusCode } = await answer
    assert.equal(statusCode, config === CUT ? 401 : 200)
    assert.equal(stage.upstream.received.at(-1)?.body, config === CUT ? 'half' : 'halfhalf')
  })
}

test('an event stream whose session reaches its limit ends, however much it says', async (t) => {
  const { stage, cookie, asked } = await setUp(t, { session: 'idle: 1s' })
  const { answer } = ask(stage, cookie)
  const service = await asked
  service.writeHead(200, { 'content-type': 'text/event-stream' })
  const chatter = setInterval(() => service.write('data: 1\n\n'), 50)
  t.after(() => clearInterval(chatter))
  await readAll(await answer)
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['idle'],
  )
})
