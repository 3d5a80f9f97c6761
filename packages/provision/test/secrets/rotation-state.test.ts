import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  beginState,
  isStateOf,
  ROTATION_ATTRIBUTE,
  readState,
  readTimes,
  withState,
} from '../../src/secrets/rotation-state.ts'

const SECRET = 'a canary of a secret'

test('a state knows its secret, and nobody can read the secret in it', () => {
  const state = beginState(SECRET, 1000)
  assert.ok(isStateOf(state, SECRET))
  assert.ok(!isStateOf(state, `${SECRET}s`))
  assert.ok(!JSON.stringify(state).includes(SECRET))
  assert.notEqual(beginState(SECRET, 1000).from, state.from)
})

test('is read as it was written', () => {
  const state = beginState(SECRET, 1000)
  assert.deepEqual(readState(withState({ clientId: 'job', attributes: { other: 'x' } }, state)), state)
  assert.equal(readState(withState({ clientId: 'job' }, undefined)), undefined)
})

suite('what is no state of ours is none', () => {
  for (const text of ['', '{', 'null', '[]', '{"from":1,"startedAt":1}', '{"from":"x"}']) {
    test(text, () => assert.equal(readState({ attributes: { [ROTATION_ATTRIBUTE]: text } }), undefined))
  }
  test('a damaged hash belongs to no secret', () => {
    for (const from of ['', '.', 'x', 'x.y', 'x.y.z']) assert.ok(!isStateOf({ from, startedAt: 1 }, SECRET))
  })
})

test('writing it sends neither the secret nor attributes of others, and keeps all else', () => {
  const client = {
    clientId: 'job',
    secret: SECRET,
    authorizationServicesEnabled: true,
    attributes: { 'client.secret.rotated': 'old canary' },
    protocolMappers: [],
    defaultClientScopes: ['basic'],
    optionalClientScopes: [],
  }
  assert.deepEqual(withState(client, undefined), {
    clientId: 'job',
    authorizationServicesEnabled: true,
    attributes: { [ROTATION_ATTRIBUTE]: '' },
  })
})

test('times are epoch seconds, or absent', () => {
  const attributes = { 'client.secret.creation.time': '10', 'client.secret.rotated.expiration.time': 'x' }
  assert.deepEqual(readTimes({ attributes }), { createdAt: 10, expiresAt: undefined, oldUntil: undefined })
})
