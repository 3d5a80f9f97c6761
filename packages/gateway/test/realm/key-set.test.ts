import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createEvents } from '../../src/kernel/events.ts'
import { createKeySet, type KeySet } from '../../src/realm/key-set.ts'
import { createRealmFetch, type RealmFetch } from '../../src/realm/realm-fetch.ts'
import { makeKey, type RealmKey, type ScriptedRealm, sendJson, startScriptedRealm } from '../support/scripted-realm.ts'

let first: RealmKey
let second: RealmKey
let realm: ScriptedRealm
let fetch: RealmFetch
let keySet: KeySet
let now: number

beforeEach(async () => {
  now = 1_800_000_000
  first = await makeKey('first', 'ES256')
  second = await makeKey('second', 'ES256')
  realm = await startScriptedRealm([first], () => now)
  const clock = () => now
  const options = { realm: 'main', timeoutSeconds: 5, ca: [], environment: {}, events: createEvents(), clock }
  fetch = createRealmFetch(options)
  const url = new URL(`${realm.issuer}/protocol/openid-connect/certs`)
  keySet = createKeySet({ metadataSeconds: 600, keySetCooldownSeconds: 30, clock }, fetch, async () => url)
})

afterEach(async () => {
  await fetch.close()
  await realm.close()
})

function publish(...keys: ReadonlyArray<Readonly<Record<string, unknown>>>): void {
  realm.answer('certs', (_request, response) => sendJson(response, 200, { keys }))
}

function fetches(): number {
  return realm.seenAt('certs').length
}

async function count(kid: string | undefined, alg = 'ES256'): Promise<number> {
  return (await keySet.find(kid === undefined ? { alg } : { alg, kid })).length
}

test('keys are fetched once for all who ask', async () => {
  assert.deepEqual(await Promise.all([count('first'), count('first'), count('first')]), [1, 1, 1])
  assert.equal(await count('first'), 1)
  assert.equal(fetches(), 1)
})

test('a key of a kid not seen before is fetched at once, and the next one too', async () => {
  await count('first')
  publish(first.publicJwk, second.publicJwk)
  assert.equal(await count('second'), 1)
  const third = await makeKey('third', 'ES256')
  publish(third.publicJwk)
  assert.equal(await count('third'), 1)
  assert.equal(fetches(), 3)
})

test('many tokens of one unknown kid cause one fetch', async () => {
  await count('first')
  publish(first.publicJwk, second.publicJwk)
  assert.deepEqual(await Promise.all([count('second'), count('second'), count('second')]), [1, 1, 1])
  assert.equal(fetches(), 2)
})

test('a kid the realm does not have causes one fetch until the cool-down ends', async () => {
  await count('first')
  assert.equal(await count('bogus'), 0)
  assert.equal(await count('bogus'), 0)
  assert.equal(await count('bogus-2'), 0)
  assert.equal(fetches(), 2)
  now += 31
  assert.equal(await count('bogus'), 0)
  assert.equal(fetches(), 3)
})

test('the very first fetch is not repeated for a kid it did not bring', async () => {
  assert.equal(await count('bogus'), 0)
  assert.equal(fetches(), 1)
})

test('keys are fetched anew when they have aged, and withdrawn ones are gone', async () => {
  await count('first')
  publish(second.publicJwk)
  now += 599
  assert.equal(await count('first'), 1)
  now += 2
  assert.equal(await count('second'), 1)
  assert.equal(await count('first'), 0)
})

test('keys stay in use while the realm is down, and it is not asked for each token', async () => {
  await count('first')
  realm.answer('certs', (_request, response) => response.writeHead(503).end())
  now += 601
  assert.equal(await count('first'), 1)
  assert.equal(await count('first'), 1)
  assert.equal(fetches(), 2)
  publish(second.publicJwk)
  now += 31
  assert.equal(await count('second'), 1)
})

test('a broken key set does not replace a good one', async () => {
  await count('first')
  for (const body of ['<html>', '[]', '{"keys":{}}', '{}']) {
    realm.answer('certs', (_request, response) => response.writeHead(200).end(body))
    now += 601
    assert.equal(await count('first'), 1)
  }
})

test('without any key set it fails, and asks again the next time', async () => {
  realm.answer('certs', (_request, response) => response.writeHead(500).end())
  await assert.rejects(count('first'), { code: 'ERR_REALM_UNREACHABLE' })
  publish(first.publicJwk)
  assert.equal(await count('first'), 1)
})

test('encryption keys, symmetric keys and broken entries never verify', async () => {
  const rest = { ...second.publicJwk, kid: 'x' }
  publish(
    { ...rest, use: 'enc', alg: 'ECDH-ES' },
    { ...rest, use: 'enc' },
    { kty: 'oct', k: 'c2VjcmV0', kid: 'x', use: 'sig' },
    { ...rest, key_ops: ['sign'] },
    { ...rest, x: 'broken' },
    { kid: 'x' },
    null as never,
    first.publicJwk,
  )
  assert.equal(await count('x'), 0)
  assert.equal(await count('first'), 1)
})

test('without kid all keys that fit the algorithm are tried, and no other', async () => {
  const rsa = await makeKey('rsa', 'RS256')
  publish(first.publicJwk, second.publicJwk, { ...second.publicJwk, use: 'enc' }, rsa.publicJwk)
  assert.equal(await count(undefined), 2)
  assert.equal(await count(undefined, 'RS256'), 1)
  assert.equal(await count('rsa', 'PS256'), 0)
})
