import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionEnd } from '../../src/kernel/events.ts'
import type { SessionWatcher } from '../../src/session/session-watch.ts'
import { sayEnded, watchEnd } from '../../src/upstream/session-end.ts'
import { buildLive } from '../support/sessions.ts'

const ENDS: readonly SessionEnd[] = [
  'user',
  'user-elsewhere',
  'new-login',
  'other-login',
  'healed',
  'realm',
  'back-channel',
  'idle',
  'absolute',
  'max-per-user',
  'administrator',
]

function watchOnce() {
  const told: (SessionEnd | null)[] = []
  const watched = Promise.withResolvers<SessionWatcher>()
  let isOver = false
  const stop = watchEnd(
    (_, watcher) => {
      watched.resolve(watcher)
      return () => {
        isOver = true
      }
    },
    buildLive(),
    true,
    (by) => told.push(by),
  )
  return { told, stop, isOver: () => isOver, watcher: watched.promise }
}

test('renewed tokens end nothing, and tokens that the realm refuses end what is open', async () => {
  const { told, watcher } = watchOnce()
  const { onChanged } = await watcher
  onChanged(buildLive())
  assert.deepEqual(told, [])
  onChanged(buildLive({ lost: { at: 1000, because: 'for the test' } }))
  assert.deepEqual(told, ['realm'])
})

test('an end is told with its reason, or without one that nobody knows', async () => {
  const { told, watcher } = watchOnce()
  const { onEnded, usesTokens } = await watcher
  onEnded('administrator')
  onEnded(null)
  assert.deepEqual([told, usesTokens], [['administrator', null], true])
})

test('the function it returns ends the watch', () => {
  const { stop, isOver } = watchOnce()
  stop()
  assert.ok(isOver())
})

test('every reason fits into a close frame (RFC 6455 section 5.5)', () => {
  for (const by of [...ENDS, null]) {
    const { code, reason } = sayEnded(by)
    assert.equal(code, 4401)
    assert.ok(Buffer.byteLength(reason) <= 123)
  }
  assert.equal(sayEnded('back-channel').reason, 'session ended: back-channel')
})
