import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CLOSING, Tunnel, type TunnelEnd, type TunnelOptions } from '../../src/upstream/tunnel.ts'
import { buildFrame } from '../support/websocket-frames.ts'

const ENDED = { by: 'session', code: 4401, reason: 'session ended: user' } as const
const CLOSE_1001_MASKED = /^\x88\x82/

/** Two ends of one connection. */
async function openPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  const near = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true })
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')])
  t.after(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  near.on('error', () => {})
  far.on('error', () => {})
  return [near, far]
}

/** `browser` and `service`: the ends that are not the gateway's. */
async function setUp(t: TestContext, options: Partial<TunnelOptions> = {}) {
  const [browser, browserSide] = await openPair(t)
  const [upstreamSide, service] = await openPair(t)
  const closed = Promise.withResolvers<TunnelEnd>()
  const tunnel = new Tunnel({
    browser: browserSide,
    upstream: upstreamSide,
    isWebSocket: true,
    idleSeconds: 60,
    closed: closed.resolve,
    ...options,
  })
  t.after(() => tunnel.cut())
  return {
    tunnel,
    browser,
    service,
    browserSide,
    upstreamSide,
    closed: closed.promise,
    heard: gather(browser),
    asked: gather(service),
  }
}

function gather(socket: Socket): { text: string; bytes: number } {
  const gathered = { text: '', bytes: 0 }
  socket.on('data', (piece) => {
    gathered.text += piece.toString('latin1')
    gathered.bytes += piece.length
  })
  return gathered
}

/** It will hear nothing more. */
async function over(socket: Socket): Promise<void> {
  await Promise.race([once(socket, 'end'), once(socket, 'close')])
}

async function until(condition: () => boolean): Promise<void> {
  const startedAt = performance.now()
  while (!condition()) {
    assert.ok(performance.now() - startedAt < 10_000, 'not in time')
    await turn()
  }
}

test('a last word between two frames is said at once, and both sides are let go', async (t) => {
  const { tunnel, browser, service, heard, asked, closed } = await setUp(t)
  const frame = buildFrame(Buffer.from('first'))
  service.write(frame)
  await until(() => heard.bytes === frame.length)
  tunnel.end(ENDED)
  await Promise.all([once(browser, 'end'), once(service, 'end')])
  assert.equal(heard.text.slice(frame.length), `\x88\x15\x11\x31${ENDED.reason}`)
  assert.match(asked.text, CLOSE_1001_MASKED)
  browser.end()
  service.end()
  assert.equal(await closed, 'session')
})

test('a frame that does not end in time is cut', async (t) => {
  const { tunnel, service, browser, heard, closed } = await setUp(t)
  const frame = buildFrame(Buffer.alloc(1000))
  service.write(frame.subarray(0, 500))
  await until(() => heard.bytes === 500)
  const startedAt = performance.now()
  tunnel.end(ENDED)
  await over(browser)
  assert.ok(performance.now() - startedAt > 900)
  assert.equal(heard.bytes, 500)
  assert.equal(await closed, 'session')
})

test('a browser that does not answer the last word is let go all the same', async (t) => {
  const { tunnel, closed, browser } = await setUp(t)
  browser.pause()
  tunnel.end(ENDED)
  assert.equal(await closed, 'session')
})

test('after the close frame of the service no other one is sent', async (t) => {
  const { tunnel, service, browser, heard } = await setUp(t)
  service.write('\x88\x02\x03\xe8', 'latin1')
  await until(() => heard.bytes === 4)
  tunnel.end(ENDED)
  await once(browser, 'end')
  assert.equal(heard.text, '\x88\x02\x03\xe8')
})

test('while the browser is in the middle of a frame its service is told no word of ours', async (t) => {
  const { tunnel, service, browser, asked } = await setUp(t)
  browser.write(Buffer.from([0x82, 0xff]))
  await until(() => asked.bytes === 2)
  tunnel.end(ENDED)
  await once(service, 'end')
  assert.equal(asked.bytes, 2)
})

test('what the browser says while its last frame is on its way goes nowhere', async (t) => {
  const { tunnel, browser, service, browserSide, heard, asked } = await setUp(t)
  service.write(buildFrame(Buffer.alloc(1000)).subarray(0, 500))
  await until(() => heard.bytes === 500)
  tunnel.end(ENDED)
  browser.write('after the end')
  await until(() => browserSide.bytesRead === 13)
  await over(service)
  assert.equal(asked.bytes, 8)
})

test('of several last words the first one counts', async (t) => {
  const { tunnel, browser, heard } = await setUp(t)
  tunnel.end(ENDED)
  tunnel.end(CLOSING)
  await once(browser, 'end')
  assert.equal(heard.text, `\x88\x15\x11\x31${ENDED.reason}`)
})

test('any other protocol is cut', async (t) => {
  const { tunnel, browser, service, heard, asked, closed } = await setUp(t, { isWebSocket: false })
  service.write('hello')
  await until(() => heard.text === 'hello')
  tunnel.end(ENDED)
  await Promise.all([over(browser), over(service)])
  assert.deepEqual([heard.text, asked.text], ['hello', ''])
  assert.equal(await closed, 'session')
})

for (const side of ['browser', 'service'] as const) {
  test(`a ${side} that has said its last word may still listen`, async (t) => {
    const ends = await setUp(t, { isWebSocket: false })
    const other = ends[side === 'browser' ? 'service' : 'browser']
    const got = side === 'browser' ? ends.heard : ends.asked
    ends[side].end('question')
    await once(other, 'end')
    other.end('answer')
    await until(() => got.text === 'answer')
    assert.equal(await ends.closed, side === 'browser' ? 'browser' : 'upstream')
  })

  test(`a ${side} that breaks off takes the other side with it`, async (t) => {
    const ends = await setUp(t)
    const other = ends[side === 'browser' ? 'service' : 'browser']
    ends[side].resetAndDestroy()
    await over(other)
    assert.equal(await ends.closed, side === 'browser' ? 'browser' : 'upstream')
  })

  test(`a ${side} that takes nothing stops the other side, and what was sent arrives whole`, async (t) => {
    const ends = await setUp(t, { isWebSocket: false })
    const other = ends[side === 'browser' ? 'service' : 'browser']
    const held = side === 'browser' ? ends.browserSide : ends.upstreamSide
    ends[side].pause()
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const total = 40 * 2 ** 20
    let written = 0
    const fill = () => {
      while (written < total) {
        written += chunk.length
        if (!other.write(chunk)) {
          other.once('drain', fill)
          return
        }
      }
    }
    fill()
    await until(() => held.writableNeedDrain)
    for (let turns = 0; turns < 200; turns += 1) await turn()
    assert.ok(written < total, 'it was not stopped')
    assert.ok(held.writableLength < 2 ** 20, `${held.writableLength} bytes are kept`)
    ends[side].resume()
    const got = side === 'browser' ? ends.heard : ends.asked
    await until(() => got.bytes === total)
  })
}

test('silence is asked into, and then ended', async (t) => {
  const { browser, service, heard, asked, closed } = await setUp(t, { idleSeconds: 0.3 })
  await Promise.all([once(browser, 'end'), once(service, 'end')])
  assert.match(heard.text, /^(\x89\x00){1,3}\x88\x15\x03\xe9silent for too long$/)
  assert.match(asked.text, CLOSE_1001_MASKED)
  browser.end()
  service.end()
  assert.equal(await closed, 'idle')
})

test('a browser that answers our pings is not silent, and its service hears the pongs', async (t) => {
  const { tunnel, browser, asked } = await setUp(t, { idleSeconds: 0.3 })
  const pong = '\x8a\x80\x00\x00\x00\x00'
  browser.on('data', (piece) => {
    if (piece.toString('latin1').includes('\x89\x00')) browser.write(pong, 'latin1')
  })
  await until(() => asked.text === pong.repeat(5))
  tunnel.end(CLOSING)
})

test('nobody is pinged in the middle of a frame', async (t) => {
  const { browser, service, heard } = await setUp(t, { idleSeconds: 0.1 })
  service.write(Buffer.from([0x82, 0x05, 1]))
  await over(browser)
  assert.equal(heard.bytes, 3)
})

test('silence of another protocol is cut', async (t) => {
  const { browser, heard, closed } = await setUp(t, { idleSeconds: 0.05, isWebSocket: false })
  await over(browser)
  assert.equal(heard.bytes, 0)
  assert.equal(await closed, 'idle')
})
