import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withinRealm } from '../../src/session/within-realm.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'

test("another realm's session counts as none, warm and cold", async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const { sessionId } = await lifecycle.open(buildNewSession({ realm: 'staff' }))
  assert.equal((await withinRealm(lifecycle, 'main').find(sessionId)).kind, 'none')
  assert.equal((await withinRealm(set.replica().lifecycle, 'main').find(sessionId)).kind, 'none')
})

test("a realm's own warm session is found at once", async () => {
  const { lifecycle } = createReplicaSet().replica()
  const { sessionId } = await lifecycle.open(buildNewSession())
  const lookup = withinRealm(lifecycle, 'main').find(sessionId)
  assert.equal('kind' in lookup && lookup.kind, 'active')
})
