import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreChange } from '../../src/session/session-store.ts'
import { type Announcement, createAnnouncements } from '../../src/stores/announcements.ts'

const ENDED: StoreChange = { kind: 'ended', key: 'a:b', by: 'user-elsewhere' }
const UNSURE: StoreChange = { kind: 'sessions', keys: ['a:b'] }

function createOne() {
  const told: StoreChange[] = []
  return { told, announcements: createAnnouncements('changes', (change) => told.push(change)) }
}

/** Ends the session; `work` has the message that Redis would publish. */
function end(from: ReturnType<typeof createOne>, work: (message: string) => Promise<boolean>): Promise<boolean> {
  const run = ({ words }: Announcement) => work(words[1])
  return from.announcements.around({ key: 'a:b', by: 'user-elsewhere' }, run, (wasThere) => wasThere)
}

test('an own change is told when its call returns, and not again when it is heard of', async () => {
  const own = createOne()
  let message = ''
  await end(own, async (published) => {
    message = published
    return true
  })
  assert.deepEqual(own.told, [ENDED])
  own.announcements.hear(message)
  assert.deepEqual(own.told, [ENDED])
})

test('an own change that is heard of before its call returns is told once', async () => {
  const own = createOne()
  await end(own, async (message) => {
    own.announcements.hear(message)
    return true
  })
  assert.deepEqual(own.told, [ENDED])
})

test('what wrote nothing tells nothing', async () => {
  const own = createOne()
  await end(own, async () => false)
  assert.deepEqual(own.told, [])
})

test('a change of another process is told as it was', async () => {
  const [own, other] = [createOne(), createOne()]
  await end(other, async (message) => {
    own.announcements.hear(message)
    return true
  })
  assert.deepEqual(own.told, [ENDED])
})

test('after a lost answer the record counts as changed at once, and its end is told when it is heard of', async () => {
  const own = createOne()
  let message = ''
  const lost = end(own, async (published) => {
    message = published
    throw new Error('lost')
  })
  await assert.rejects(lost)
  assert.deepEqual(own.told, [UNSURE])
  own.announcements.hear(message)
  assert.deepEqual(own.told, [UNSURE, ENDED])
})

test('a repetition that finds nothing left to delete tells what the first attempt did', async () => {
  const own = createOne()
  await end(own, async (message) => {
    own.announcements.hear(message)
    return false
  })
  assert.deepEqual(own.told, [ENDED])
})

for (const message of ['', 'nonsense', '2:x:user:a', '1:x']) {
  test(`a message that cannot be understood, as «${message}», means everything`, () => {
    const own = createOne()
    own.announcements.hear(message)
    assert.deepEqual(own.told, [{ kind: 'all' }])
  })
}
