import assert from 'node:assert/strict'
import { createPrivateKey, randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { calculateJwkThumbprint } from 'jose'
import { GatewayError, isGatewayError } from '../../src/kernel/errors.ts'
import { createEvents } from '../../src/kernel/events.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { listSigningKeys, retireSigningKey, rotateSigningKey } from '../../src/tokens/signing-key-administration.ts'
import { readSigningKeys } from '../../src/tokens/signing-key-document.ts'
import { createSigningKeys } from '../../src/tokens/signing-keys.ts'
import {
  buildRing,
  buildRingKey,
  createKeyedReplicas,
  type KeyedReplica,
  type KeyedReplicas,
  publishedKids,
  signingKid,
} from '../support/signing-keys.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

async function started(t: TestContext, all: KeyedReplicas, settings = {}): Promise<KeyedReplica> {
  const replica = all.replica(settings)
  t.after(() => replica.keys.close())
  await replica.keys.start()
  return replica
}

async function twoStarted(t: TestContext) {
  const all = createKeyedReplicas()
  return { all, first: await started(t, all), second: await started(t, all) }
}

const unavailable = (error: unknown) => isGatewayError(error, 'ERR_SIGNING_KEYS_UNAVAILABLE')

test('the first start makes one key that signs at once and is published', async (t) => {
  const all = createKeyedReplicas()
  const replica = await started(t, all)
  assert.deepEqual(publishedKids(replica), [signingKid(replica)])
  assert.deepEqual(
    (await listSigningKeys(all)).map(({ kid, state }) => [kid, state]),
    [[signingKid(replica), 'signing']],
  )
})

test('of replicas that start at once one makes the key and all take it', async (t) => {
  const all = createKeyedReplicas()
  const replicas = await Promise.all(Array.from({ length: 5 }, () => started(t, all)))
  assert.equal(new Set(replicas.map(signingKid)).size, 1)
  assert.equal((await readSigningKeys(all)).ring.length, 1)
})

test('two processes on one file have one key, and a command beside them is noticed', async (t) => {
  const all = createKeyedReplicas()
  const path = join(temporaryFolder(), randomUUID())
  const stores = [await openTestStore(path), await openTestStore(path), await openTestStore(path)] as const
  const [first, second] = await Promise.all([
    started(t, all, { store: stores[0] }),
    started(t, all, { store: stores[1] }),
  ])
  assert.equal(signingKid(first), signingKid(second))
  const place = { store: stores[2], sealer: all.sealer }
  await retireSigningKey(place, { kid: signingKid(first), atOnce: true, algorithm: 'ES256' })
  await Promise.all([first.keys.reload(), second.keys.reload()])
  const [key] = await listSigningKeys(place)
  assert.deepEqual([signingKid(first), signingKid(second)], [key?.kid, key?.kid])
  for (const store of stores) await store.close()
})

test('a restart takes the key that is there', async (t) => {
  const { all, first } = await twoStarted(t)
  await first.keys.close()
  assert.equal(signingKid(await started(t, all)), signingKid(first))
})

for (const [algorithm, members] of [
  ['RS256', ['alg', 'e', 'kid', 'kty', 'n', 'use']],
  ['ES256', ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  ['EdDSA', ['alg', 'crv', 'kid', 'kty', 'use', 'x']],
] as const) {
  test(`the key set shows the public members of a key for ${algorithm} and nothing else`, async (t) => {
    const replica = await started(t, createKeyedReplicas(), { algorithm })
    const [jwk] = replica.keys.keySet().keys
    assert.deepEqual(Object.keys(jwk!).toSorted(), members)
    assert.deepEqual([jwk!.alg, jwk!.use], [algorithm, 'sig'])
    assert.equal(jwk!.kid, await calculateJwkThumbprint(jwk!))
  })
}

test('an RSA key has 2048 bits', async (t) => {
  const all = createKeyedReplicas()
  await started(t, all, { algorithm: 'RS256' })
  const [key] = (await readSigningKeys(all)).ring
  const { asymmetricKeyDetails } = createPrivateKey({ key: key!.jwk as never, format: 'jwk' })
  assert.equal(asymmetricKeyDetails?.modulusLength, 2048)
})

test('a rotation over two replicas: published everywhere before it signs, and replaced without a gap', async (t) => {
  const { all, first, second } = await twoStarted(t)
  const replicas = [first, second]
  const old = signingKid(first)
  const { incoming } = await rotateSigningKey(all, 'ES256')
  await first.keys.reload()
  // The second one has not looked yet: what the first one signs is what it publishes.
  assert.deepEqual([signingKid(first), signingKid(second)], [old, old])
  assert.deepEqual([publishedKids(first), publishedKids(second)], [[old, incoming.kid], [old]])
  all.clock.advance(5)
  await second.keys.reload()
  assert.deepEqual(publishedKids(second), [old, incoming.kid])
  all.clock.advance(324)
  assert.deepEqual(replicas.map(signingKid), [old, old])
  all.clock.advance(1)
  assert.deepEqual(replicas.map(signingKid), [incoming.kid, incoming.kid])
  // The last token of the old key lives for 300 s at most.
  all.clock.advance(359)
  for (const replica of replicas) {
    assert.deepEqual(publishedKids(replica), [old, incoming.kid])
    assert.equal(replica.keys.isPublished(old), true)
  }
  all.clock.advance(1)
  for (const replica of replicas) {
    assert.deepEqual(publishedKids(replica), [incoming.kid])
    assert.equal(replica.keys.isPublished(old), false)
  }
})

test('a rotation while a key waits makes no other', async (t) => {
  const { all } = await twoStarted(t)
  const { kind, incoming } = await rotateSigningKey(all, 'ES256')
  const again = await rotateSigningKey(all, 'ES256')
  assert.deepEqual([kind, again.kind, again.incoming.kid], ['rotated', 'already-waiting', incoming.kid])
  assert.equal((await readSigningKeys(all)).ring.length, 2)
})

test('what has left the key set leaves the store with the next write', async (t) => {
  const { all } = await twoStarted(t)
  await rotateSigningKey(all, 'ES256')
  all.clock.advance(700)
  await rotateSigningKey(all, 'ES256')
  assert.equal((await readSigningKeys(all)).ring.length, 2)
})

test('retiring the key that signs replaces it with the overlap of a rotation', async (t) => {
  const { all, first } = await twoStarted(t)
  const old = signingKid(first)
  const outcome = await retireSigningKey(all, { kid: old, atOnce: false, algorithm: 'ES256' })
  assert.ok(outcome.kind === 'retired')
  assert.deepEqual([outcome.retired?.kid, outcome.retired?.state, outcome.successor.state], [old, 'signing', 'waiting'])
  await first.keys.reload()
  assert.equal(signingKid(first), old)
  all.clock.advance(330)
  assert.equal(signingKid(first), outcome.successor.kid)
  assert.equal(first.keys.isPublished(old), true)
})

test('retiring a key that is being replaced, twice, changes nothing', async (t) => {
  const { all, first } = await twoStarted(t)
  const old = signingKid(first)
  await rotateSigningKey(all, 'ES256')
  const { version } = await readSigningKeys(all)
  const outcome = await retireSigningKey(all, { kid: old, atOnce: false, algorithm: 'ES256' })
  assert.equal(outcome.kind, 'already-replaced')
  assert.equal((await readSigningKeys(all)).version, version)
})

test('retiring a waiting key leaves the one that signs in place', async (t) => {
  const { all, first } = await twoStarted(t)
  const old = signingKid(first)
  const { incoming } = await rotateSigningKey(all, 'ES256')
  const outcome = await retireSigningKey(all, { kid: incoming.kid, atOnce: false, algorithm: 'ES256' })
  assert.ok(outcome.kind === 'retired' && outcome.successor.kid === old)
  await first.keys.reload()
  all.clock.advance(1000)
  assert.equal(signingKid(first), old)
})

test('retiring at once unpublishes the key and signs with another, made for it', async (t) => {
  const { all, first, second } = await twoStarted(t)
  const old = signingKid(first)
  const outcome = await retireSigningKey(all, { kid: old, atOnce: true, algorithm: 'ES256' })
  assert.ok(outcome.kind === 'retired')
  assert.deepEqual([outcome.retired, outcome.successor.state], [null, 'signing'])
  for (const replica of [first, second]) {
    await replica.keys.reload()
    assert.deepEqual(publishedKids(replica), [outcome.successor.kid])
    assert.equal(signingKid(replica), outcome.successor.kid)
    assert.equal(replica.keys.isPublished(old), false)
  }
})

test('retiring at once while a key waits lets that one sign', async (t) => {
  const { all, first } = await twoStarted(t)
  const { incoming } = await rotateSigningKey(all, 'ES256')
  const outcome = await retireSigningKey(all, { kid: signingKid(first), atOnce: true, algorithm: 'ES256' })
  assert.ok(outcome.kind === 'retired')
  assert.deepEqual([outcome.successor.kid, outcome.successor.state], [incoming.kid, 'signing'])
})

test('retiring what is no key changes nothing', async (t) => {
  const { all, first } = await twoStarted(t)
  for (const atOnce of [true, false]) {
    const outcome = await retireSigningKey(all, { kid: 'unknown', atOnce, algorithm: 'ES256' })
    assert.deepEqual(outcome, { kind: 'unknown' })
  }
  await first.keys.reload()
  assert.equal(publishedKids(first).length, 1)
})

test('another algorithm in the configuration takes over after the lead', async (t) => {
  const { all, first } = await twoStarted(t)
  const old = signingKid(first)
  const changed = await started(t, all, { algorithm: 'EdDSA' })
  assert.deepEqual([signingKid(changed), publishedKids(changed).length], [old, 2])
  await first.keys.reload()
  all.clock.advance(330)
  assert.deepEqual([changed.keys.signing()?.algorithm, first.keys.signing()?.algorithm], ['EdDSA', 'EdDSA'])
  // A second start with it finds nothing to do.
  const { version } = await readSigningKeys(all)
  await started(t, all, { algorithm: 'EdDSA' })
  assert.equal((await readSigningKeys(all)).version, version)
})

test('going back to the old algorithm before the new key signs keeps the old key', async (t) => {
  const { all, first } = await twoStarted(t)
  const old = signingKid(first)
  await started(t, all, { algorithm: 'EdDSA' })
  const back = await started(t, all, { algorithm: 'ES256' })
  all.clock.advance(2000)
  assert.equal(signingKid(back), old)
})

test('a document whose sealing key is missing is unavailable and stays as it is', async (t) => {
  const { all, first } = await twoStarted(t)
  const before = await all.store.readDocument('signing-keys')
  const stranger = all.replica({ ring: buildRing([buildRingKey('ffffffffffffffff')]) })
  t.after(() => stranger.keys.close())
  await assert.rejects(stranger.keys.start(), unavailable)
  assert.equal(stranger.keys.signing(), undefined)
  assert.deepEqual(stranger.keys.keySet(), { keys: [] })
  await stranger.keys.reload()
  assert.deepEqual(await all.store.readDocument('signing-keys'), before)
  assert.equal(first.keys.signing() === undefined, false)
})

test('a forged document is unavailable and stays as it is', async (t) => {
  const all = createKeyedReplicas()
  // Sealed by the right key for another purpose and another row.
  await all.store.writeDocument('signing-keys', all.sealer.seal(Buffer.from('{"format":1,"keys":[]}'), 'other'), 0)
  const replica = all.replica()
  t.after(() => replica.keys.close())
  await assert.rejects(replica.keys.start(), unavailable)
  assert.equal((await all.store.readDocument('signing-keys'))?.version, 1)
})

test('a document of a later format is unavailable and stays as it is', async (t) => {
  const all = createKeyedReplicas()
  const text = Buffer.from('{"format":2,"keys":{}}')
  await all.store.writeDocument('signing-keys', all.sealer.seal(text, 'signing-keys'), 0)
  const replica = all.replica()
  t.after(() => replica.keys.close())
  await assert.rejects(replica.keys.start(), unavailable)
})

function flaky(store: SessionStore) {
  const state = { isDown: false }
  const readDocument: SessionStore['readDocument'] = async (name) => {
    if (state.isDown) throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'busy' })
    return store.readDocument(name)
  }
  return { state, store: { ...store, readDocument } }
}

test('a store that fails leaves the keys in use, and is told once', async (t) => {
  const all = createKeyedReplicas()
  const { state, store } = flaky(all.store)
  const replica = await started(t, all, { store })
  const kid = signingKid(replica)
  state.isDown = true
  await replica.keys.reload()
  await replica.keys.reload()
  assert.deepEqual([signingKid(replica), publishedKids(replica)], [kid, [kid]])
  const told = () => replica.events.filter((event) => event.kind === 'store.failed').length
  assert.equal(told(), 1)
  state.isDown = false
  await replica.keys.reload()
  state.isDown = true
  await replica.keys.reload()
  assert.equal(told(), 2)
})

test('a store that fails at the start is asked again, and the first key made then', async (t) => {
  const all = createKeyedReplicas()
  const { state, store } = flaky(all.store)
  state.isDown = true
  const replica = all.replica({ store })
  t.after(() => replica.keys.close())
  await assert.rejects(replica.keys.start(), (error) => isGatewayError(error, 'ERR_STORE_UNAVAILABLE'))
  state.isDown = false
  await replica.keys.reload()
  assert.deepEqual(publishedKids(replica), [signingKid(replica)])
})

test('the document is sealed anew by the newest key of the ring, so that the older one can go', async (t) => {
  const all = createKeyedReplicas()
  const [older, newer] = [buildRingKey('1111111111111111'), buildRingKey('2222222222222222')]
  const before = await started(t, all, { ring: buildRing([older]) })
  const after = await started(t, all, { ring: buildRing([older, newer]) })
  await after.keys.reload()
  const alone = await started(t, all, { ring: buildRing([newer]) })
  assert.equal(signingKid(alone), signingKid(before))
})

test('a running gateway looks by itself, and stops when it is closed', async () => {
  const all = createKeyedReplicas()
  const heard = new EventEmitter()
  const events = createEvents()
  events.subscribe((event) => heard.emit(event.kind, event))
  const keys = createSigningKeys({ ...all, algorithm: 'ES256', pollSeconds: 0.001, events })
  await keys.start()
  const alive = setInterval(() => {}, 60_000)
  const changed = once(heard, 'signing-key.changed')
  const kid = keys.signing()?.kid ?? ''
  const outcome = await retireSigningKey(all, { kid, atOnce: true, algorithm: 'ES256' })
  const [event] = await changed
  clearInterval(alive)
  assert.ok(outcome.kind === 'retired')
  assert.deepEqual(event, { kind: 'signing-key.changed', kid: outcome.successor.kid, algorithm: 'ES256' })
  await keys.close()
})

test('no event, error or listing holds private key material', async (t) => {
  const all = createKeyedReplicas()
  const { state, store } = flaky(all.store)
  const replica = await started(t, all, { store, algorithm: 'RS256' })
  const told: unknown[] = [replica.keys.keySet(), await rotateSigningKey(all, 'RS256')]
  state.isDown = true
  await replica.keys.reload()
  state.isDown = false
  told.push(await retireSigningKey(all, { kid: signingKid(replica), atOnce: true, algorithm: 'RS256' }))
  await replica.keys.reload()
  const otherRing = createSealer(buildRing([buildRingKey('ffffffffffffffff')]), 'signing-keys')
  const error = await readSigningKeys({ ...all, sealer: otherRing }).catch((cause: GatewayError) => cause)
  told.push(await listSigningKeys(all), replica.events, error, (error as GatewayError).detail, String(error))
  assert.ok(replica.events.length > 1)
  const text = JSON.stringify(told)
  for (const { jwk } of (await readSigningKeys(all)).ring) {
    for (const member of PRIVATE_MEMBERS) {
      const secret = jwk[member as 'd']
      if (secret !== undefined) assert.ok(!text.includes(secret), member)
      assert.ok(!text.includes(`"${member}":`), member)
    }
  }
})
