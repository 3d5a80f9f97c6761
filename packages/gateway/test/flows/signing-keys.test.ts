// The keys of internal tokens change while services verify them: no request is lost, and replicas share what they have.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { decodeProtectedHeader } from 'jose'
import { openSigningKeyAdministration, type SigningKeyAdministration } from '../../src/signing-key-administration.ts'
import { askGateway, createShiftedClock } from '../support/flow.ts'
import { guarded, type PairStage, setPairStage, tokenSent } from '../support/pair-stage.ts'

const REQUESTS = 10_000
const AT_ONCE = 32
const PIECE = 320
/** Longer than services hold a key set, shorter than a new key waits before it signs. */
const KEY_SET_SECONDS = 301
/** The rest of that wait. */
const LEAD_SECONDS = 40

async function kidsAt(stage: PairStage, gateway: number): Promise<readonly string[]> {
  const { status, body } = await askGateway(stage, '/.well-known/jwks.json', { gateway })
  assert.equal(status, 200)
  return JSON.parse(body).keys.map(({ kid }: { readonly kid: string }) => kid)
}

/** Whether every gateway publishes exactly these, whatever the order. */
async function allPublish(stage: PairStage, kids: readonly string[]): Promise<boolean> {
  const published = await Promise.all(stage.gateways.map((_, gateway) => kidsAt(stage, gateway)))
  return published.every((found) => found.toSorted().join() === kids.toSorted().join())
}

interface Load {
  /** Requests so far. */
  done(): number
  /** `count` more, some of them at once. Fails with the first answer that is not 200. */
  send(count: number): Promise<void>
}

function createLoad(stage: PairStage, browsers: readonly Browser[]): Load {
  let done = 0
  return {
    done: () => done,
    async send(count) {
      let left = count
      const work = async (browser: Browser) => {
        while (left > 0) {
          left -= 1
          const { status, body } = await browser.fetch(stage.url('/agent/x'))
          done += 1
          assert.equal(status, 200, `request ${done}: ${body}`)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => work(browsers[at % browsers.length]!)))
    },
  }
}

const kidSent = (stage: PairStage) => decodeProtectedHeader(tokenSent(stage) ?? '').kid

async function openAdministration(stage: PairStage): Promise<SigningKeyAdministration> {
  return openSigningKeyAdministration(stage.config)
}

test(`rotating and retiring keys under load loses none of ${REQUESTS} requests over two replicas`, async (t) => {
  const clock = createShiftedClock()
  const stage = await setPairStage(t, { replicas: 2, gateway: { clock: clock.now } })
  stage.upstream.answer(guarded(stage.guard('agent', { now: clock.now })))
  const keys = await openAdministration(stage)
  t.after(() => keys.close())
  const load = createLoad(stage, [
    await stage.loggedIn('alice'),
    await stage.loggedIn('bob'),
    await stage.loggedIn('carol'),
  ])
  const until = async (kids: readonly string[]) => {
    do await load.send(PIECE)
    while (!(await allPublish(stage, kids)))
  }
  const [first = ''] = await kidsAt(stage, 0)
  await load.send(2000)

  const second = (await keys.rotate()).incoming.kid
  await until([first, second])
  assert.equal(kidSent(stage), first)
  clock.advance(KEY_SET_SECONDS)
  await load.send(1000)

  assert.equal((await keys.retire({ kid: first, atOnce: true })).kind, 'retired')
  await until([second])
  await load.send(PIECE)
  assert.equal(kidSent(stage), second)

  const third = (await keys.rotate()).incoming.kid
  await until([second, third])
  clock.advance(LEAD_SECONDS)
  await load.send(Math.max(1000, REQUESTS - load.done()))
  assert.equal(kidSent(stage), third)
  assert.ok(load.done() >= REQUESTS)
})

test('replicas sign with one key, and whoever starts later reads the same', async (t) => {
  const stage = await setPairStage(t, { replicas: 2 })
  const [first = ''] = await kidsAt(stage, 0)
  assert.deepEqual(await kidsAt(stage, 1), [first])
  stage.upstream.answer(guarded(stage.guard('agent')))
  const load = createLoad(stage, [await stage.loggedIn()])
  await load.send(64)
  const kids = () =>
    new Set(
      stage.upstream.received.map(({ headers }) => decodeProtectedHeader(headers.authorization?.slice(7) ?? '').kid),
    )
  assert.deepEqual(kids(), new Set([first]))
  for (const index of [0, 1]) await stage.restart(index)
  assert.ok(await allPublish(stage, [first]))
  await load.send(64)
  assert.deepEqual(kids(), new Set([first]))
})
