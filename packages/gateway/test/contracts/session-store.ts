// What every store does, whatever it is built on. Each store's own test file calls this once.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { Clock } from '../../src/kernel/time.ts'
import type { NewSessionRecord, SessionStore, StoreChange } from '../../src/session/session-store.ts'

export const START = 1_800_000_000

export function buildRecord(key: string, changes: Partial<NewSessionRecord> = {}): NewSessionRecord {
  return {
    key,
    sealed: Buffer.from(`sealed ${key}`),
    indexes: { handle: `handle of ${key}`, subject: 'alice', sid: `sid of ${key}` },
    lastUsedAt: START,
    expiresAt: START + 3600,
    ...changes,
  }
}

export function unavailable(error: unknown): boolean {
  return isGatewayError(error, 'ERR_STORE_UNAVAILABLE')
}

/** `sweeps`: false for a store whose server removes by itself what has expired. */
export function sessionStoreContract(
  name: string,
  open: (clock: Clock) => Promise<SessionStore>,
  { sweeps }: { readonly sweeps: boolean } = { sweeps: true },
): void {
  describe(name, () => {
    let store: SessionStore
    let now: number
    let changes: StoreChange[]

    function changed(key: string): NewSessionRecord {
      return buildRecord(key, { sealed: Buffer.from(`changed ${key}`), expiresAt: START + 7200 })
    }

    function sweepContract(): void {
      describe('sweep', () => {
        test('removes records at their end and tells so', async () => {
          await store.create(buildRecord('a', { expiresAt: START + 10 }))
          await store.create(buildRecord('b', { expiresAt: START + 20 }))
          now = START + 10
          assert.equal(await store.sweep(100), 1)
          assert.equal(await store.read('a'), undefined)
          assert.notEqual(await store.read('b'), undefined)
          assert.deepEqual(await store.find('sid', 'sid of a'), [])
          assert.deepEqual(changes.at(-1), { kind: 'sessions', keys: ['a'] })
        })
        test('removes no more of a kind than it was told to', async () => {
          for (const key of ['a', 'b', 'c']) await store.create(buildRecord(key))
          now = START + 3600
          assert.equal(await store.sweep(2), 2)
          assert.equal(await store.sweep(2), 1)
          assert.equal(await store.sweep(2), 0)
        })
        test('removes expired claims, tombstones and leases, and no others', async () => {
          for (const [name, seconds] of [
            ['short', 10],
            ['long', 20],
          ] as const) {
            await store.claim(name, START + seconds)
            await store.putTombstone(name, START + seconds)
            await store.acquireLease(name, 'first', seconds)
          }
          now = START + 10
          assert.equal(await store.sweep(100), 3)
          assert.equal(await store.claim('long', START + 600), 'pending')
          assert.equal(await store.hasTombstone('long'), true)
          assert.equal(await store.acquireLease('long', 'second', 10), false)
        })
      })
    }

    beforeEach(async () => {
      now = START
      changes = []
      store = await open(() => now)
      store.onChange((change) => changes.push(change))
    })
    afterEach(() => store.close())

    describe('records', () => {
      test('a created record is read back as version 1', async () => {
        assert.equal(await store.create(buildRecord('a')), true)
        assert.deepEqual(await store.read('a'), { ...buildRecord('a'), version: 1 })
      })
      test('bytes, keys and names are kept as they are', async () => {
        const sealed = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
        for (const key of ['%s%s%n%x', `'; DROP TABLE session; --`, '\u{1f6aa}', '*', '?']) {
          assert.equal(await store.create(buildRecord(key, { sealed })), true)
          assert.deepEqual(await store.read(key), { ...buildRecord(key, { sealed }), version: 1 })
        }
      })
      test('an instant keeps its fraction', async () => {
        await store.create(buildRecord('a', { lastUsedAt: START + 0.125, expiresAt: START + 0.875 }))
        const record = await store.read('a')
        assert.deepEqual([record?.lastUsedAt, record?.expiresAt], [START + 0.125, START + 0.875])
      })
      test('an unknown key reads as nothing', async () => {
        assert.equal(await store.read('a'), undefined)
      })
      test('a record is not created twice, and the first stays', async () => {
        await store.create(buildRecord('a'))
        assert.equal(await store.create(changed('a')), false)
        assert.deepEqual((await store.read('a'))?.sealed, buildRecord('a').sealed)
      })
      test('of many that create one record at once, one does', async () => {
        const created = await Promise.all(Array.from({ length: 20 }, () => store.create(buildRecord('a'))))
        assert.equal(created.filter(Boolean).length, 1)
      })
      test('a deleted record is gone, once', async () => {
        await store.create(buildRecord('a'))
        assert.equal(await store.delete('a', 'user'), true)
        assert.equal(await store.delete('a', 'user'), false)
        assert.equal(await store.read('a'), undefined)
      })
    })

    describe('compare-and-set', () => {
      test('a replacement of the version that was read adds one to it', async () => {
        await store.create(buildRecord('a'))
        assert.equal(await store.replace('a', 1, changed('a')), 'replaced')
        assert.deepEqual(await store.read('a'), { ...changed('a'), version: 2 })
      })
      test('a replacement of an older version is a conflict and writes nothing', async () => {
        await store.create(buildRecord('a'))
        await store.replace('a', 1, changed('a'))
        assert.equal(await store.replace('a', 1, buildRecord('a')), 'conflict')
        assert.deepEqual(await store.read('a'), { ...changed('a'), version: 2 })
      })
      test('a replacement of a version that never was is a conflict', async () => {
        await store.create(buildRecord('a'))
        assert.equal(await store.replace('a', 2, changed('a')), 'conflict')
      })
      test('a slow writer does not bring back a deleted record', async () => {
        await store.create(buildRecord('a'))
        await store.delete('a', 'user')
        assert.equal(await store.replace('a', 1, changed('a')), 'gone')
        assert.equal(await store.read('a'), undefined)
      })
      test('of many that replace one version at once, one does', async () => {
        await store.create(buildRecord('a'))
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.replace('a', 1, changed('a'))))
        assert.deepEqual(outcomes.toSorted(), ['replaced', ...Array.from({ length: 19 }, () => 'conflict')].toSorted())
      })
      test('a replacement leaves the last use to the store', async () => {
        await store.create(buildRecord('a'))
        await store.touch('a', START + 50)
        await store.replace('a', 1, changed('a'))
        assert.equal((await store.read('a'))?.lastUsedAt, START + 50)
      })
    })

    describe('last use', () => {
      test('moves forward without a new version', async () => {
        await store.create(buildRecord('a'))
        await store.touch('a', START + 50)
        assert.deepEqual(await store.read('a'), { ...buildRecord('a', { lastUsedAt: START + 50 }), version: 1 })
      })
      test('never moves back', async () => {
        await store.create(buildRecord('a'))
        await store.touch('a', START + 50)
        await store.touch('a', START + 20)
        assert.equal((await store.read('a'))?.lastUsedAt, START + 50)
      })
      test('does not revive an ended session', async () => {
        await store.create(buildRecord('a'))
        await store.delete('a', 'user')
        await store.touch('a', START + 50)
        assert.equal(await store.read('a'), undefined)
        assert.deepEqual(await store.find('subject', 'alice'), [])
      })
    })

    describe('indexes', () => {
      test('find a session by its public handle', async () => {
        await store.create(buildRecord('a'))
        await store.create(buildRecord('b'))
        assert.deepEqual(await store.find('handle', 'handle of a'), ['a'])
      })
      test('find all sessions of a subject', async () => {
        await store.create(buildRecord('a'))
        await store.create(buildRecord('b'))
        await store.create(buildRecord('c', { indexes: { handle: 'c', subject: 'bob', sid: null } }))
        assert.deepEqual((await store.find('subject', 'alice')).toSorted(), ['a', 'b'])
      })
      test('find every session that shares a sid', async () => {
        for (const key of ['a', 'b']) {
          await store.create(buildRecord(key, { indexes: { handle: key, subject: 'alice', sid: 'shared' } }))
        }
        assert.deepEqual((await store.find('sid', 'shared')).toSorted(), ['a', 'b'])
      })
      test('a session without a sid is under none', async () => {
        await store.create(buildRecord('a', { indexes: { handle: 'a', subject: 'alice', sid: null } }))
        assert.deepEqual(await store.find('sid', 'null'), [])
        assert.deepEqual(await store.find('sid', ''), [])
        assert.equal((await store.read('a'))?.indexes.sid, null)
      })
      test('one index does not answer for another', async () => {
        await store.create(buildRecord('a'))
        assert.deepEqual(await store.find('handle', 'alice'), [])
      })
      test('follow a replacement', async () => {
        await store.create(buildRecord('a'))
        await store.replace('a', 1, { ...changed('a'), indexes: { handle: 'h', subject: 'alice', sid: 'moved' } })
        assert.deepEqual(await store.find('sid', 'sid of a'), [])
        assert.deepEqual(await store.find('sid', 'moved'), ['a'])
      })
      test('leave with the record', async () => {
        await store.create(buildRecord('a'))
        await store.delete('a', 'user')
        assert.deepEqual(await store.find('handle', 'handle of a'), [])
        assert.deepEqual(await store.find('sid', 'sid of a'), [])
      })
    })

    describe('the list of all', () => {
      async function listAll(pageSize: number): Promise<readonly string[]> {
        const keys: string[] = []
        let next: string | null = null
        do {
          const page = await store.list(next, pageSize)
          keys.push(...page.keys)
          next = page.next
        } while (next !== null)
        return keys.toSorted()
      }
      test('names every session, page by page', async () => {
        assert.deepEqual(await listAll(2), [])
        for (const key of ['a', 'b', 'c', 'd', 'e']) await store.create(buildRecord(key))
        await store.delete('c', 'user')
        assert.deepEqual(await listAll(2), ['a', 'b', 'd', 'e'])
        assert.deepEqual(await listAll(100), ['a', 'b', 'd', 'e'])
      })
    })

    describe('what a key seals', () => {
      test('is counted, sessions and documents', async () => {
        const sealedBy = (id: string) => Buffer.concat([Buffer.of(1), Buffer.from(id, 'hex'), Buffer.alloc(32)])
        await store.create(buildRecord('a', { sealed: sealedBy('0011223344556677') }))
        await store.create(buildRecord('b', { sealed: sealedBy('8899aabbccddeeff') }))
        await store.writeDocument('keys', sealedBy('0011223344556677'), 0)
        assert.equal(await store.countSealedBy('0011223344556677'), 2)
        assert.equal(await store.countSealedBy('8899aabbccddeeff'), 1)
        assert.equal(await store.countSealedBy('ffffffffffffffff'), 0)
      })
    })

    describe('claims', () => {
      test('the first has it, the second waits, the third finds it settled', async () => {
        assert.equal(await store.claim('state', START + 600), 'claimed')
        assert.equal(await store.claim('state', START + 600), 'pending')
        await store.settleClaim('state')
        assert.equal(await store.claim('state', START + 600), 'settled')
      })
      test('of many at once one has it', async () => {
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.claim('state', START + 600)))
        assert.equal(outcomes.filter((outcome) => outcome === 'claimed').length, 1)
      })
      test('an expired one can be had again, and is not settled', async () => {
        await store.claim('state', START + 600)
        await store.settleClaim('state')
        now = START + 600
        assert.equal(await store.claim('state', START + 1200), 'claimed')
        assert.equal(await store.claim('state', START + 1200), 'pending')
      })
      test('settling what nobody claimed claims nothing', async () => {
        await store.settleClaim('state')
        assert.equal(await store.claim('state', START + 600), 'claimed')
      })
      test('names are independent', async () => {
        await store.claim('state', START + 600)
        assert.equal(await store.claim('other', START + 600), 'claimed')
      })
    })

    describe('tombstones', () => {
      test('nothing is created under one', async () => {
        await store.putTombstone('sid of a', START + 300)
        assert.equal(await store.create(buildRecord('a')), false)
        assert.equal(await store.read('a'), undefined)
      })
      test('nothing is replaced under one, whatever its version', async () => {
        await store.create(buildRecord('a'))
        await store.putTombstone('sid of a', START + 300)
        assert.equal(await store.replace('a', 1, changed('a')), 'tombstoned')
        assert.equal(await store.replace('a', 9, changed('a')), 'tombstoned')
        assert.equal((await store.read('a'))?.version, 1)
      })
      test('a record does not move to an ended sid, nor away from one', async () => {
        await store.create(buildRecord('a'))
        await store.create(buildRecord('b'))
        await store.putTombstone('sid of a', START + 300)
        assert.equal(await store.replace('b', 1, changed('a')), 'tombstoned')
        assert.equal(await store.replace('a', 1, changed('b')), 'tombstoned')
      })
      test('one ends the session of its sid alone', async () => {
        await store.putTombstone('sid of a', START + 300)
        assert.equal(await store.create(buildRecord('b')), true)
        assert.deepEqual([await store.hasTombstone('sid of a'), await store.hasTombstone('sid of b')], [true, false])
      })
      test('a session without a sid is under none', async () => {
        await store.putTombstone('null', START + 300)
        const indexes = { handle: 'a', subject: 'alice', sid: null }
        assert.equal(await store.create(buildRecord('a', { indexes })), true)
        assert.equal(await store.replace('a', 1, { ...changed('a'), indexes }), 'replaced')
      })
      test('an expired one counts as absent', async () => {
        await store.putTombstone('sid of a', START + 300)
        now = START + 300
        assert.equal(await store.hasTombstone('sid of a'), false)
        assert.equal(await store.create(buildRecord('a')), true)
      })
      test('a second one does not shorten the first', async () => {
        await store.putTombstone('sid of a', START + 300)
        await store.putTombstone('sid of a', START + 10)
        now = START + 200
        assert.equal(await store.hasTombstone('sid of a'), true)
      })
    })

    describe('leases', () => {
      test('one owner has it at a time', async () => {
        assert.equal(await store.acquireLease('refresh', 'first', 10), true)
        assert.equal(await store.acquireLease('refresh', 'second', 10), false)
      })
      test('of many at once one has it', async () => {
        const owners = Array.from({ length: 20 }, (_, owner) => store.acquireLease('refresh', `owner ${owner}`, 10))
        assert.equal((await Promise.all(owners)).filter(Boolean).length, 1)
      })
      test('its owner may acquire it again, which prolongs it', async () => {
        await store.acquireLease('refresh', 'first', 10)
        now = START + 9
        assert.equal(await store.acquireLease('refresh', 'first', 10), true)
        now = START + 18
        assert.equal(await store.acquireLease('refresh', 'second', 10), false)
      })
      test('it is free at its end', async () => {
        await store.acquireLease('refresh', 'first', 10)
        now = START + 10
        assert.equal(await store.acquireLease('refresh', 'second', 10), true)
      })
      test('renewal prolongs it', async () => {
        await store.acquireLease('refresh', 'first', 10)
        now = START + 9
        assert.equal(await store.renewLease('refresh', 'first', 10), true)
        now = START + 18
        assert.equal(await store.acquireLease('refresh', 'second', 10), false)
      })
      test('an ended one is not renewed', async () => {
        await store.acquireLease('refresh', 'first', 10)
        now = START + 10
        assert.equal(await store.renewLease('refresh', 'first', 10), false)
      })
      test('nobody renews the lease of another, nor one that never was', async () => {
        await store.acquireLease('refresh', 'first', 10)
        assert.equal(await store.renewLease('refresh', 'second', 10), false)
        assert.equal(await store.renewLease('other', 'first', 10), false)
      })
      test('a released one is free', async () => {
        await store.acquireLease('refresh', 'first', 10)
        await store.releaseLease('refresh', 'first')
        assert.equal(await store.acquireLease('refresh', 'second', 10), true)
      })
      test('an owner that slept past its end neither renews nor releases nor writes', async () => {
        await store.create(buildRecord('a'))
        await store.acquireLease('refresh', 'first', 10)
        now = START + 11
        await store.acquireLease('refresh', 'second', 10)
        assert.equal(await store.replace('a', 1, changed('a')), 'replaced')
        await store.releaseLease('refresh', 'first')
        assert.equal(await store.renewLease('refresh', 'first', 10), false)
        assert.equal(await store.acquireLease('refresh', 'third', 10), false)
        assert.equal(await store.replace('a', 1, buildRecord('a')), 'conflict')
      })
      test('names are independent', async () => {
        await store.acquireLease('refresh', 'first', 10)
        assert.equal(await store.acquireLease('other', 'second', 10), true)
      })
    })

    describe('documents', () => {
      const sealed = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const other = Buffer.from('other')

      test('an unknown one reads as nothing', async () => {
        assert.equal(await store.readDocument('keys'), undefined)
      })
      test('a created one is read back as version 1, each write adds one', async () => {
        assert.equal(await store.writeDocument('keys', other, 0), true)
        assert.deepEqual(await store.readDocument('keys'), { sealed: other, version: 1 })
        assert.equal(await store.writeDocument('keys', sealed, 1), true)
        assert.deepEqual(await store.readDocument('keys'), { sealed, version: 2 })
      })
      test('one is not created twice, and the first stays', async () => {
        await store.writeDocument('keys', sealed, 0)
        assert.equal(await store.writeDocument('keys', other, 0), false)
        assert.deepEqual(await store.readDocument('keys'), { sealed, version: 1 })
      })
      test('a write after somebody else’s changes nothing', async () => {
        await store.writeDocument('keys', other, 0)
        await store.writeDocument('keys', sealed, 1)
        assert.equal(await store.writeDocument('keys', other, 1), false)
        assert.deepEqual(await store.readDocument('keys'), { sealed, version: 2 })
      })
      test('a version that never was is not replaced, and nothing is created by it', async () => {
        assert.equal(await store.writeDocument('keys', other, 1), false)
        assert.equal(await store.readDocument('keys'), undefined)
      })
      test('of many that write one version at once, one does', async () => {
        for (const version of [0, 1]) {
          const writes = Array.from({ length: 20 }, () => store.writeDocument('keys', sealed, version))
          assert.equal((await Promise.all(writes)).filter(Boolean).length, 1)
        }
      })
      test('names are independent, and no sweep takes one', async () => {
        await store.writeDocument('keys', sealed, 0)
        assert.equal(await store.readDocument('other'), undefined)
        now = START + 1_000_000_000
        await store.sweep(100)
        assert.deepEqual(await store.readDocument('keys'), { sealed, version: 1 })
      })
    })

    describe('change events', () => {
      test('a replacement and a deletion are told before their promise resolves', async () => {
        await store.create(buildRecord('a'))
        changes.length = 0
        await store.replace('a', 1, changed('a'))
        assert.deepEqual(changes, [{ kind: 'sessions', keys: ['a'] }])
        await store.delete('a', 'user')
        assert.deepEqual(changes, [
          { kind: 'sessions', keys: ['a'] },
          { kind: 'ended', key: 'a', by: 'user' },
        ])
      })
      test('what wrote nothing tells nothing', async () => {
        await store.create(buildRecord('a'))
        changes.length = 0
        await store.replace('a', 7, changed('a'))
        await store.replace('b', 1, changed('b'))
        await store.delete('b', 'user')
        await store.touch('a', START + 50)
        await store.claim('state', START + 600)
        await store.acquireLease('refresh', 'first', 10)
        await store.writeDocument('keys', Buffer.from('sealed'), 0)
        assert.deepEqual(changes, [])
      })
      test('an ended subscription hears nothing, the others still do', async () => {
        const heard: StoreChange[] = []
        store.onChange((change) => heard.push(change))()
        await store.create(buildRecord('a'))
        await store.delete('a', 'user')
        assert.deepEqual(heard, [])
        assert.deepEqual(changes.at(-1), { kind: 'ended', key: 'a', by: 'user' })
      })
    })

    if (sweeps) sweepContract()
    else {
      test('a record at its end is not there any more, without a sweep', async () => {
        await store.create(buildRecord('a', { expiresAt: START + 10 }))
        now = START + 10
        assert.equal(await store.sweep(100), 0)
        assert.equal(await store.read('a'), undefined)
        assert.deepEqual(await store.find('sid', 'sid of a'), [])
        assert.equal(await store.replace('a', 1, changed('a')), 'gone')
      })
    }

    describe('clock and end', () => {
      test('the store tells the time of the clock it was given', () => {
        now = START + 0.5
        assert.equal(store.now(), START + 0.5)
      })
      test('an open store answers, and is within reach', async () => {
        await store.ping()
        assert.equal(store.unreachableSince(), null)
      })
      test('a closed store refuses every call', async () => {
        await store.create(buildRecord('a'))
        await store.close()
        const calls: ReadonlyArray<() => Promise<unknown>> = [
          () => store.create(buildRecord('b')),
          () => store.read('a'),
          () => store.replace('a', 1, changed('a')),
          () => store.delete('a', 'user'),
          () => store.touch('a', START + 50),
          () => store.find('subject', 'alice'),
          () => store.list(null, 10),
          () => store.countSealedBy('0011223344556677'),
          () => store.claim('state', START + 600),
          () => store.settleClaim('state'),
          () => store.putTombstone('sid', START + 300),
          () => store.hasTombstone('sid'),
          () => store.acquireLease('refresh', 'first', 10),
          () => store.renewLease('refresh', 'first', 10),
          () => store.releaseLease('refresh', 'first'),
          () => store.readDocument('keys'),
          () => store.writeDocument('keys', Buffer.from('sealed'), 0),
          () => store.sweep(10),
          () => store.ping(),
        ]
        for (const call of calls) await assert.rejects(call, unavailable)
      })
      test('closing twice is no failure', async () => {
        await store.close()
        await store.close()
      })
    })
  })
}
