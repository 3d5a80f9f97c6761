// Two neighbouring versions on one store: a record goes through both, whichever wrote it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../../src/session/session.ts'
import { createSessionId, sessionKey } from '../../src/session/session-id.ts'
import { openSession, sealSession } from '../../src/session/session-record.ts'
import { buildNewSession, createReplicaSet, type ReplicaSet } from '../support/lifecycle.ts'
import { buildTokens } from '../support/sessions.ts'

/** As the version before wrote it. Frozen: never changed together with the program. */
const BEFORE = `{
  "realm": "main", "issuer": "https://sso.example/realms/main", "subject": "alice-id", "sid": "realm-session-1",
  "tokens": {
    "accessToken": "access-token-1", "accessTokenExpiresAt": 1060, "refreshToken": "refresh-token-1",
    "refreshTokenExpiresAt": 100000, "idToken": "id-token-1"
  },
  "claims": { "name": "Alice" }, "roles": { "realmRoles": ["user"], "clientRoles": {} },
  "accessClaims": { "scope": "openid" }, "secondLogins": {}, "format": 1, "handle": "kq1qN1kYx1hC0d1oQ2y5Zw",
  "createdAt": 1000, "refreshDueAt": 1040, "absoluteEndAt": 41000
}`

async function put({ store, sealer }: ReplicaSet, text: string): Promise<string> {
  const sessionId = createSessionId()
  const key = sessionKey(sessionId)
  const session: Session = JSON.parse(text)
  await store.create({ ...sealSession(session, key, sealer), key, lastUsedAt: 1000 })
  return sessionId
}

async function found(lifecycle: ReturnType<ReplicaSet['replica']>['lifecycle'], sessionId: string) {
  const lookup = await lifecycle.find(sessionId)
  assert.ok(lookup.kind !== 'none')
  return lookup
}

/** What is in the store, as a program that knows nothing of this version reads it. */
async function readPlain({ store, sealer }: ReplicaSet, key: string): Promise<Record<string, unknown>> {
  const record = await store.read(key)
  assert.ok(record)
  const opened = sealer.open(record.sealed, key)
  assert.ok(opened.kind === 'opened')
  return JSON.parse(opened.plaintext.toString())
}

test('a session of the version before goes on, without what that one did not know', async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const { kind, live } = await found(lifecycle, await put(set, BEFORE))
  assert.equal(kind, 'active')
  const { device, lost, healedAt } = live.session
  assert.deepEqual([device, lost, healedAt], [{ userAgent: null, address: null }, null, null])
  assert.equal(live.session.refreshDueAt, 1040)
  const { outcome } = await lifecycle.replace(live, { ...live.session, claims: { name: 'Alice B.' } })
  assert.equal(outcome, 'replaced')
})

test('the version before finds all it needs in what this one writes', async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const { live } = await lifecycle.open(buildNewSession())
  await lifecycle.replace(live, { ...live.session, tokens: buildTokens({ accessToken: 'access-token-2' }) })
  const written = await readPlain(set, live.key)
  const known: Record<string, unknown> = JSON.parse(BEFORE)
  const kindsOf = (of: Record<string, unknown>) => Object.keys(known).map((name) => [name, typeof of[name]])
  assert.deepEqual(kindsOf(written), kindsOf(known))
  assert.equal(written.format, known.format)
  assert.deepEqual(Object.keys(written.tokens as object).toSorted(), Object.keys(known.tokens as object).toSorted())
})

test('what this version added outlives a renewal by the version before', async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const device = { userAgent: 'Browser', address: '192.0.2.0/24' }
  const { live, sessionId } = await lifecycle.open(buildNewSession({ device }))
  // It takes the record as it is and puts its tokens into it.
  const plain = (await readPlain(set, live.key)) as unknown as Session
  const renewed = { ...plain, tokens: buildTokens({ accessToken: 'access-token-2' }) }
  await set.store.replace(live.key, live.version, sealSession(renewed, live.key, set.sealer))
  const { live: current } = await found(lifecycle, sessionId)
  assert.deepEqual(current.session.device, device)
  assert.equal(current.session.tokens.accessToken, 'access-token-2')
})

test('a record of a format to come is ignored and left as it is', async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const sessionId = await put(set, BEFORE.replace('"format": 1', '"format": 2'))
  assert.deepEqual(await lifecycle.find(sessionId), { kind: 'none', because: 'unreadable' })
  const record = await set.store.read(sessionKey(sessionId))
  assert.ok(record)
  assert.equal(openSession(record, set.sealer), null)
})
