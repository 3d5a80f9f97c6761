import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { endSessions, listSessions } from '../../src/operator/sessions.ts'
import { createSessionAdministration, type SessionAdministration } from '../../src/session/session-administration.ts'
import { buildNewSession, createReplicaSet, LIMITS } from '../support/lifecycle.ts'
import { buildTokens } from '../support/sessions.ts'

const ISSUER = 'https://sso.example/realms/main'

async function setUp() {
  const replicas = createReplicaSet()
  const { lifecycle, events } = replicas.replica()
  const { store } = replicas
  const administration = createSessionAdministration({ lifecycle, store, issuers: [ISSUER], limits: LIMITS })
  const open = async (subject: string, sid: string, userName: string) => {
    const claims = { preferred_username: userName, email: `${userName}@example.test` }
    const tokens = buildTokens({ accessToken: 'canary-access', refreshToken: 'canary-refresh', idToken: 'canary-id' })
    const { live } = await lifecycle.open(buildNewSession({ subject, sid, claims, tokens }))
    return live.session.handle
  }
  const handles = {
    alice1: await open('alice-id', 'realm-1', 'alice'),
    alice2: await open('alice-id', 'realm-2', 'alice'),
    bob: await open('bob-id', 'realm-3', 'bob'),
  }
  return { administration, handles, events, store }
}

function request(method: string, query: string) {
  return {
    method,
    path: '/sessions',
    query: new URLSearchParams(query),
    headers: {},
    clientAddress: '127.0.0.1',
    readBody: async () => '',
  }
}

async function list(administration: SessionAdministration, query: string) {
  const reply = await listSessions(request('GET', query), { administration })
  return { status: reply.status, body: reply.body, sids: sidsOf(reply.status, reply.body) }
}

function sidsOf(status: number, body: string): readonly string[] {
  if (status !== 200) return []
  return (JSON.parse(body).sessions as { readonly sid: string }[]).map(({ sid }) => sid).toSorted()
}

async function end(administration: SessionAdministration, query: string) {
  const reply = await endSessions(request('DELETE', query), { administration })
  return { status: reply.status, ended: reply.status === 200 ? JSON.parse(reply.body).ended : null }
}

describe('GET /sessions', () => {
  test('lists all, page by page', async () => {
    const { administration, handles } = await setUp()
    assert.deepEqual((await list(administration, '')).sids, Object.values(handles).toSorted())
    const first = JSON.parse((await list(administration, 'limit=2')).body)
    const second = JSON.parse((await list(administration, `limit=2&after=${first.next}`)).body)
    assert.deepEqual([first.sessions.length, second.sessions.length, second.next], [2, 1, null])
  })
  test('finds a person by subject, user name and e-mail address', async () => {
    const { administration, handles } = await setUp()
    const alice = [handles.alice1, handles.alice2].toSorted()
    for (const user of ['alice-id', 'alice', 'alice@example.test']) {
      assert.deepEqual((await list(administration, `user=${user}`)).sids, alice, user)
    }
    assert.deepEqual((await list(administration, 'user=ali')).sids, [])
  })
  test("finds a session by its handle and by the realm's sid", async () => {
    const { administration, handles } = await setUp()
    assert.deepEqual((await list(administration, `sid=${handles.bob}`)).sids, [handles.bob])
    assert.deepEqual((await list(administration, 'sid=realm-3')).sids, [handles.bob])
  })
  test("tells no token, and not the realm's sid", async () => {
    const { administration } = await setUp()
    const { body } = await list(administration, '')
    assert.doesNotMatch(body, /canary|realm-\d/)
  })
  test('refuses what it does not understand', async () => {
    const { administration } = await setUp()
    for (const query of ['users=alice', 'user=', 'user=a&sid=b', 'limit=0', 'limit=1001', 'limit=x', 'user=a&user=b']) {
      assert.equal((await list(administration, query)).status, 400, query)
    }
  })
})

describe('DELETE /sessions', () => {
  test("ends a person's sessions and leaves the others", async () => {
    const { administration, handles, events } = await setUp()
    assert.deepEqual(await end(administration, 'user=alice'), { status: 200, ended: 2 })
    assert.deepEqual((await list(administration, '')).sids, [handles.bob])
    const ended = events.filter((event) => event.kind === 'session.ended')
    assert.deepEqual(
      ended.map(({ by }) => by),
      ['administrator', 'administrator'],
    )
  })
  test('ends one session', async () => {
    const { administration, handles } = await setUp()
    assert.deepEqual(await end(administration, `sid=${handles.alice1}`), { status: 200, ended: 1 })
    assert.deepEqual((await list(administration, 'user=alice')).sids, [handles.alice2])
    assert.deepEqual(await end(administration, `sid=${handles.alice1}`), { status: 200, ended: 0 })
  })
  test('ends everything, also what nobody can open any more', async () => {
    const { administration, store } = await setUp()
    const indexes = { handle: 'h', subject: 's', sid: null }
    await store.create({
      key: 'unreadable',
      sealed: Buffer.alloc(64, 1),
      indexes,
      lastUsedAt: 1000,
      expiresAt: 90_000,
    })
    assert.deepEqual(await end(administration, 'all=true'), { status: 200, ended: 4 })
    assert.deepEqual((await store.list(null, 10)).keys, [])
  })
  test('ends nothing by leaving something out', async () => {
    const { administration, handles } = await setUp()
    for (const query of ['', 'all=false', 'all', 'user=alice&all=true', 'limit=1', 'sid=']) {
      assert.equal((await end(administration, query)).status, 400, query)
    }
    assert.equal((await list(administration, '')).sids.length, Object.keys(handles).length)
  })
  test('says 503 while the store is out of reach', async () => {
    const down = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
    const administration = { list: down, end: down }
    assert.equal((await end(administration, 'all=true')).status, 503)
    assert.equal((await list(administration, '')).status, 503)
  })
})
