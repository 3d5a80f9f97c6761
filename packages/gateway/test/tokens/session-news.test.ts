import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreChange } from '../../src/session/session-store.ts'
import { createSessionNews } from '../../src/tokens/session-news.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const forever = () => new Promise<never>(() => {})

function openNews(wait: (seconds: number) => Promise<void> = forever) {
  const clock = createFixedClock(0)
  const listeners: ((change: StoreChange) => void)[] = []
  const onChange = (listener: (change: StoreChange) => void) => {
    listeners.push(listener)
    return () => {}
  }
  const news = createSessionNews({ store: { onChange }, elapsed: clock.now, wait })
  const tell = (change: StoreChange) => {
    for (const listener of listeners) listener(change)
  }
  return { news, tell, clock, listeners }
}

async function isWaiting(next: Promise<void>): Promise<boolean> {
  return Promise.race([next.then(() => false), new Promise<boolean>((resolve) => setImmediate(resolve, true))])
}

for (const [name, change] of [
  ['a change of the session', { kind: 'sessions', keys: ['other', 'mine'] }],
  ['its end', { kind: 'ended', key: 'mine', by: 'user' }],
  ['a change of anything', { kind: 'all' }],
] as const satisfies readonly (readonly [string, StoreChange])[]) {
  test(`${name} wakes all who wait`, async () => {
    const { news, tell } = openNews()
    const waiting = [news.listen('mine').next(0), news.listen('mine').next(0)]
    tell(change)
    await Promise.all(waiting)
  })
}

test("other sessions' changes wake nobody", async () => {
  const { news, tell } = openNews()
  const next = news.listen('mine').next(0)
  tell({ kind: 'sessions', keys: ['other'] })
  tell({ kind: 'ended', key: 'other', by: 'user' })
  assert.equal(await isWaiting(next), true)
})

test('a change since the listening began is not waited for', async () => {
  const { news, tell } = openNews()
  const listening = news.listen('mine')
  tell({ kind: 'sessions', keys: ['mine'] })
  await listening.next(0)
  assert.equal(await isWaiting(listening.next(1)), true)
})

test('without news there is a look now and then, rarer and rarer, within bounds', async () => {
  const waits: number[] = []
  const { news } = openNews(async (seconds) => void waits.push(seconds))
  const listening = news.listen('mine')
  for (let tries = 0; tries < 10; tries += 1) await listening.next(tries)
  assert.ok((waits[0] ?? 0) <= 0.075, `first ${waits[0]}`)
  assert.ok(waits.every((seconds) => seconds <= 0.6))
  assert.ok((waits.at(-1) ?? 0) >= 0.4)
})

test('however many wait, the store tells one', () => {
  const { news, listeners } = openNews()
  for (let many = 0; many < 100; many += 1) news.listen(`key-${many}`)
  assert.equal(listeners.length, 1)
})

test('what is known of a gap is when it was', () => {
  const { news, tell, clock } = openNews()
  assert.equal(news.secondsSinceGap(), Number.POSITIVE_INFINITY)
  tell({ kind: 'all' })
  clock.advance(3)
  assert.equal(news.secondsSinceGap(), 3)
})
