// Several gateway processes on one file, ended as operators and machines end them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser } from '@doorman/dev-realm/browser'
import { request } from 'undici'
import { assertLaterWithSession, assertNoEndedToken, fetchMany, logInExpired, refreshes } from '../support/flow.ts'
import { type GatewayProcess, type ProcessStage, setProcessStage } from '../support/gateway-process.ts'

const ROUNDS = 50
const WAITING = 20
const ROTATING = { revokeRefreshToken: true }

/** Resolves when the session answers again. Fails as soon as it is lost. */
async function untilServed(stage: ProcessStage, browser: Browser): Promise<void> {
  for (;;) {
    const answer = await browser.fetch(stage.url('/api/x'))
    if (answer.status === 200) return
    assertLaterWithSession(answer)
    await pause(50)
  }
}

/** Past what stands before the gateways. */
async function askDirectly(stage: ProcessStage, { port }: GatewayProcess, browser: Browser): Promise<number> {
  const headers = { host: new URL(stage.publicUrl).host, cookie: browser.cookies.header(stage.publicUrl) }
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/api/x`, { headers })
  await body.dump()
  return statusCode
}

describe('gateways that are processes', { concurrency: 2 }, () => {
  // First, because it waits for a lease to end while the others work.
  test('a process that dies in the middle of a refresh is followed by another one', async (t) => {
    const stage = await setProcessStage(t, { config: 'refresh: { wait: 200ms }' })
    const first = await stage.start()
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.holdToken()
    const lost = browser.fetch(stage.url('/api/x')).catch(() => undefined)
    await gate.arrived()
    await stage.end(first, 'SIGKILL')
    await lost
    gate.release()
    await stage.start()
    await untilServed(stage, browser)
    assertNoEndedToken(stage)
  })

  test('a process that is stopped in a refresh is followed by another one, and what it gets later spoils nothing', async (t) => {
    const realm = { revokeRefreshToken: true, refreshTokenMaxReuse: 1 }
    const stage = await setProcessStage(t, { realm, config: 'refresh: { wait: 8s }' })
    const first = await stage.start()
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.hold('token', 'after')
    const stopped = browser.fetch(stage.url('/api/x'))
    await gate.arrived()
    first.signal('SIGSTOP')
    const second = await stage.start()
    const followed = askDirectly(stage, second, browser)
    // The first one's, what a gateway asks at its start, and the second one's once the lease has ended.
    await gate.arrived(3)
    gate.release()
    assert.equal(await followed, 200)
    first.signal('SIGCONT')
    assert.equal((await stopped).status, 200)
    for (const gateway of [first, second]) assert.equal(await askDirectly(stage, gateway, browser), 200)
    assert.equal(refreshes(stage), 2)
    assertNoEndedToken(stage)
  })

  test(`${WAITING} requests at expiry over two processes are one token request, ${ROUNDS} times`, async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    await Promise.all([stage.start(), stage.start()])
    for (let round = 1; round <= ROUNDS; round += 1) {
      const browser = await logInExpired(stage)
      const answers = await fetchMany(stage, browser, WAITING)
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.equal(refreshes(stage), round)
    }
    assertNoEndedToken(stage)
  })

  test('SIGTERM waits for a refresh that nobody waits for any more; the next process goes on with its tokens', async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    const first = await stage.start()
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.hold('token', 'after')
    const closedTab = new AbortController()
    const lost = browser.fetch(stage.url('/api/x'), { signal: closedTab.signal })
    await gate.arrived()
    closedTab.abort()
    await assert.rejects(lost)
    const stopping = first.next('stopping')
    const ended = stage.end(first, 'SIGTERM')
    await stopping
    gate.release()
    assert.equal(await ended, 0)
    await stage.start()
    assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
    assert.equal(refreshes(stage), 1)
  })

  test('SIGTERM lets the requests that wait for a refresh have their answers', async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    const first = await stage.start()
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.hold('token', 'after')
    const waiting = browser.fetch(stage.url('/api/x'))
    await gate.arrived()
    const stopping = first.next('stopping')
    const ended = stage.end(first, 'SIGTERM')
    await stopping
    gate.release()
    assert.equal((await waiting).status, 200)
    assert.equal(await ended, 0)
  })

  test('SIGKILL with no refresh in flight logs nobody out', async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    const first = await stage.start()
    const browsers = [await stage.loggedIn('alice'), await stage.loggedIn('bob'), await logInExpired(stage, 'carol')]
    for (const browser of browsers) assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
    assert.equal(await stage.end(first, 'SIGKILL'), 'SIGKILL')
    await stage.start()
    for (const browser of browsers) assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
  })

  test('what one process has just written survives its SIGKILL', async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    const first = await stage.start()
    const refreshed = first.next('refreshed')
    const browser = await logInExpired(stage)
    const answer = browser.fetch(stage.url('/api/x')).catch(() => undefined)
    assert.equal((await refreshed).outcome, 'success')
    await stage.end(first, 'SIGKILL')
    await answer
    await stage.start()
    assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
  })

  test('a realm that is away for a while logs nobody out, over two processes', async (t) => {
    const stage = await setProcessStage(t, { realm: ROTATING })
    await Promise.all([stage.start(), stage.start()])
    const living = await stage.loggedIn('alice')
    const ended = [await logInExpired(stage, 'bob'), await logInExpired(stage, 'carol')]
    await stage.realm.stopListening()
    for (let round = 0; round < 5; round += 1) {
      for (const { status } of await fetchMany(stage, living, WAITING)) assert.equal(status, 200)
      for (const browser of ended) {
        for (const answer of await fetchMany(stage, browser, WAITING)) assertLaterWithSession(answer)
      }
    }
    await stage.realm.startListening()
    await Promise.all([living, ...ended].map((browser) => untilServed(stage, browser)))
    assertNoEndedToken(stage)
  })
})
