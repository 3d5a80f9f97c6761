import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStoreClock } from '../../src/stores/store-clock.ts'

/** A server whose clock is at `offset` from ours, and answers after so many seconds each way. */
function createServer(offset: number) {
  const server = { elapsed: 100, offset, there: 0.1, back: 0.1 }
  const ask = async () => {
    server.elapsed += server.there
    const told = server.elapsed + server.offset
    server.elapsed += server.back
    return told
  }
  return { server, clock: createStoreClock(ask, () => server.elapsed) }
}

test('it goes with the server’s clock, whatever ours says', async () => {
  const { server, clock } = createServer(1_800_000_000)
  await clock.measure()
  assert.equal(clock.now(), 1_800_000_100.2)
  server.elapsed += 60
  assert.equal(clock.now(), 1_800_000_160.2)
})

test('a server’s clock that is set anew is followed with the next measurement', async () => {
  const { server, clock } = createServer(1_800_000_000)
  await clock.measure()
  server.offset += 30
  await clock.measure()
  assert.equal(clock.now(), 1_800_000_130.4)
})

test('an answer that was long under way, or waited for a process that was stopped, tells no time', async () => {
  const { server, clock } = createServer(1_800_000_000)
  await clock.measure()
  server.back = 30
  await clock.measure()
  assert.equal(clock.now(), 1_800_000_000 + server.elapsed)
})

test('a first answer is better than none', async () => {
  const { server, clock } = createServer(1_800_000_000)
  server.there = 1
  server.back = 1
  await clock.measure()
  assert.equal(clock.now(), 1_800_000_102)
})

test('a store that does not answer leaves the time as it was known', async () => {
  let elapsed = 0
  let isDown = false
  const clock = createStoreClock(
    async () => {
      if (isDown) throw new Error('down')
      return 1000
    },
    () => elapsed,
  )
  await clock.measure()
  isDown = true
  elapsed = 5
  await assert.rejects(clock.measure())
  assert.equal(clock.now(), 1005)
})
