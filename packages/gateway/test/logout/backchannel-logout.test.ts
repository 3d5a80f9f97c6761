import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from '../../src/http/query.ts'
import type { ReadForm } from '../../src/http/read-form.ts'
import type { Reply } from '../../src/http/reply.ts'
import { type ErrorCode, GatewayError } from '../../src/kernel/errors.ts'
import { type BackchannelLogoutOptions, backchannelLogout } from '../../src/logout/backchannel-logout.ts'
import { createLateEndings } from '../../src/session/late-endings.ts'
import type { SessionLifecycle } from '../../src/session/lifecycle.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import type { Session } from '../../src/session/session.ts'
import { sessionIndexes, subjectIndex } from '../../src/session/session-id.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { createCookieJar, headerOf } from '../support/cookie-jar.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'
import { createSpeakingRealm, LOGOUT_EVENT } from '../support/logout-tokens.ts'

const MAIN = 'https://sso.example/realms/main'
const MODELS = 'https://sso.example/realms/models'

async function createBench(changeStore: (store: SessionStore) => SessionStore = (store) => store) {
  const set = createReplicaSet()
  const store = changeStore(set.store)
  const { lifecycle, events, bus } = set.replica(store)
  const { now } = set.clock
  const main = await createSpeakingRealm({ realm: 'main', issuer: MAIN, clientId: 'web', isLoginRealm: true }, now)
  const desk = await createSpeakingRealm({ realm: 'desk', issuer: MAIN, clientId: 'desk', isLoginRealm: true }, now)
  const models = await createSpeakingRealm(
    { realm: 'models', issuer: MODELS, clientId: 'models', isLoginRealm: false },
    now,
  )
  const revoked: Session[] = []
  const late = createLateEndings()
  const told: string[] = []
  const later: (() => Promise<void>)[] = []
  const options: BackchannelLogoutOptions = {
    realms: [main, desk, models],
    store,
    sessions: lifecycle,
    events: bus,
    tellEnded: (key) => void told.push(key),
    late,
    hearLater: (hear) => void later.push(hear),
    revoke: (session) => void revoked.push(session),
  }
  return {
    ...set,
    lifecycle,
    events,
    options,
    main,
    desk,
    models,
    revoked,
    told,
    later,
    late,
    post: (token: string) => send(`logout_token=${encodeURIComponent(token)}`, options),
    ended: () => events.flatMap((event) => (event.kind === 'session.ended' ? [event] : [])),
    heard: () => events.flatMap((event) => (event.kind === 'back-channel.received' ? [event] : [])),
  }
}

type Bench = Awaited<ReturnType<typeof createBench>>

function send(form: string, options: BackchannelLogoutOptions): Promise<Reply> {
  return sendForm(async () => parseQuery(`?${form}`), options)
}

function sendForm(readForm: ReadForm, options: BackchannelLogoutOptions): Promise<Reply> {
  return backchannelLogout(createCookieJar().request('/auth/backchannel-logout', {}, 'POST'), readForm, options)
}

async function open(lifecycle: SessionLifecycle, changes: Parameters<typeof buildNewSession>[0] = {}) {
  return (await lifecycle.open(buildNewSession(changes))).live
}

async function isAlive(bench: Bench, { key }: LiveSession): Promise<boolean> {
  return (await bench.store.read(key)) !== undefined
}

function assertRefused(reply: Reply, status = 400): void {
  assert.equal(reply.status, status)
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
  assert.equal(JSON.parse(reply.body).error, 'invalid_request')
}

test('a sid ends all sessions of that realm session, and no others', async () => {
  const bench = await createBench()
  const [one, two] = [await open(bench.lifecycle), await open(bench.lifecycle)]
  const other = await open(bench.lifecycle, { sid: 'realm-session-2' })
  const reply = await bench.post(await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' }))
  assert.equal(reply.status, 200)
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
  assert.deepEqual(await Promise.all([one, two, other].map((live) => isAlive(bench, live))), [false, false, true])
  assert.deepEqual(
    bench.ended().map(({ by }) => by),
    ['back-channel', 'back-channel'],
  )
  const [heard] = bench.heard()
  assert.deepEqual([heard?.realm, heard?.outcome, heard?.sessions, heard?.because], ['main', 'accepted', 2, null])
})

test('a sid without a sub ends its sessions', async () => {
  const bench = await createBench()
  const live = await open(bench.lifecycle)
  assert.equal((await bench.post(await bench.main.say({ sid: 'realm-session-1' }))).status, 200)
  assert.equal(await isAlive(bench, live), false)
})

test('without a sid all sessions of the person end, and nobody else’s', async () => {
  const bench = await createBench()
  const own = [await open(bench.lifecycle), await open(bench.lifecycle, { sid: 's-2' })]
  const bare = await open(bench.lifecycle, { sid: null })
  const bob = await open(bench.lifecycle, { subject: 'bob-id', sid: 's-3' })
  assert.equal((await bench.post(await bench.main.say({ sub: 'alice-id' }))).status, 200)
  for (const live of [...own, bare]) assert.equal(await isAlive(bench, live), false)
  assert.equal(await isAlive(bench, bob), true)
})

test('a sid of somebody else ends nothing, and leaves no mark on it', async () => {
  const bench = await createBench()
  const live = await open(bench.lifecycle)
  assert.equal((await bench.post(await bench.main.say({ sid: 'realm-session-1', sub: 'bob-id' }))).status, 200)
  assert.equal(await isAlive(bench, live), true)
  assert.equal(await bench.store.hasTombstone(String(sessionIndexes(live.session).sid)), false)
})

test('a session whose tokens were lost ends, too, so that nothing heals it', async () => {
  const bench = await createBench()
  const live = await open(bench.lifecycle)
  await bench.lifecycle.lose(live, 'Token is not active')
  await bench.post(await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' }))
  assert.equal(await isAlive(bench, live), false)
})

test('a session under a sealing key that is missing ends, too', async () => {
  const bench = await createBench()
  const stranger = createReplicaSet().replica(bench.store).lifecycle
  const live = await open(stranger)
  await bench.post(await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' }))
  assert.equal(await isAlive(bench, live), false)
})

test('a sid nobody has is answered like any other', async () => {
  const bench = await createBench()
  assert.equal((await bench.post(await bench.main.say({ sid: 'nobody', sub: 'alice-id' }))).status, 200)
  assert.equal(bench.heard()[0]?.sessions, 0)
})

test('the client the token is for decides whose sessions end; each realm has its own keys', async () => {
  const bench = await createBench()
  const [web, desk] = [await open(bench.lifecycle), await open(bench.lifecycle, { realm: 'desk' })]
  assert.equal((await bench.post(await bench.desk.say({ sub: 'alice-id' }))).status, 200)
  assert.deepEqual([await isAlive(bench, web), await isAlive(bench, desk)], [true, false])
  assertRefused(await bench.post(await bench.desk.say({ sub: 'alice-id', aud: 'web' })))
  assertRefused(await bench.post(await bench.models.say({ sub: 'alice-id', iss: MAIN, aud: 'web' })))
  assert.equal(await isAlive(bench, web), true)
})

test('what a second realm says is verified, and ends no session of ours', async () => {
  const bench = await createBench()
  const live = await open(bench.lifecycle, { issuer: MODELS })
  assert.equal((await bench.post(await bench.models.say({ sub: 'alice-id', sid: 'realm-session-1' }))).status, 200)
  assertRefused(await bench.post(await bench.main.say({ iss: MODELS, aud: 'models', sub: 'alice-id' })))
  assert.equal(await isAlive(bench, live), true)
})

test('the same token a second time is refused, on another replica too, and has no second effect', async () => {
  const bench = await createBench()
  const token = await bench.main.say({ sub: 'alice-id' })
  assert.equal((await bench.post(token)).status, 200)
  bench.clock.advance(120)
  const live = await open(bench.lifecycle)
  const other = bench.replica()
  assertRefused(await send(`logout_token=${token}`, { ...bench.options, sessions: other.lifecycle }))
  assert.equal(await isAlive(bench, live), true)
  assert.equal(bench.heard().at(-1)?.because, 'replayed')
})

test('an old token is refused long before anybody forgets that it was used', async () => {
  const bench = await createBench()
  const token = await bench.main.say({ sub: 'alice-id', iat: 1010 })
  await bench.post(token)
  const reasons = new Set<string | null | undefined>()
  for (let minute = 0; minute < 30; minute += 1) {
    bench.clock.advance(60)
    assertRefused(await bench.post(token))
    reasons.add(bench.heard().at(-1)?.because)
  }
  assert.deepEqual([...reasons], ['replayed', 'iat'])
})

const METHODS = ['claim', 'putTombstone', 'find', 'delete', 'settleClaim'] as const

for (const method of METHODS) {
  test(`a store that fails at ${method} is no success, and the token may come again`, async () => {
    let isDown = true
    const bench = await createBench((store) => ({
      ...store,
      [method]: (...args: readonly never[]) =>
        isDown
          ? Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
          : (store[method] as (...args: readonly never[]) => unknown)(...args),
    }))
    isDown = false
    const live = await open(bench.lifecycle)
    isDown = true
    const token = await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' })
    await assert.rejects(bench.post(token), { code: 'ERR_STORE_UNAVAILABLE' satisfies ErrorCode })
    isDown = false
    assert.equal((await bench.post(token)).status, 200)
    assert.equal(await isAlive(bench, live), false)
  })
}

test('what was said while the store was away is done when it is back, though nobody says it again', async () => {
  let isDown = false
  const bench = await createBench((store) => ({
    ...store,
    claim: (...args) => (isDown ? Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) : store.claim(...args)),
  }))
  const live = await open(bench.lifecycle)
  const token = await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' })
  isDown = true
  await assert.rejects(bench.post(token), { code: 'ERR_STORE_UNAVAILABLE' })
  isDown = false
  bench.clock.advance(3600)
  await bench.late.close()
  assert.equal(await isAlive(bench, live), false)
  assertRefused(await bench.post(token))
})

test('while the store is away, who this replica remembers is served no more, and what is open is told', async () => {
  const line = { isDown: false }
  const refuse = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
  const bench = await createBench((store) => ({
    ...store,
    unreachableSince: () => (line.isDown ? store.now() : null),
    claim: (...args) => (line.isDown ? refuse() : store.claim(...args)),
    read: (...args) => (line.isDown ? refuse() : store.read(...args)),
    delete: (...args) => (line.isDown ? refuse() : store.delete(...args)),
  }))
  const meant = await bench.lifecycle.open(buildNewSession())
  const others = [
    await bench.lifecycle.open(buildNewSession({ realm: 'desk' })),
    await bench.lifecycle.open(buildNewSession({ subject: 'bob-id' })),
  ]
  const stateOf = async (sessionId: string) => (await bench.lifecycle.find(sessionId)).kind
  line.isDown = true
  const token = await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' })
  await assert.rejects(bench.post(token), { code: 'ERR_STORE_UNAVAILABLE' })
  assert.equal(await stateOf(meant.sessionId), 'none')
  assert.deepEqual(bench.told, [meant.live.key])
  for (const { sessionId } of others) assert.equal(await stateOf(sessionId), 'active')
  line.isDown = false
  assert.equal(await stateOf(meant.sessionId), 'none', 'though its record has not been deleted yet')
  await bench.lifecycle.close()
  assert.equal(await isAlive(bench, meant.live), false)
})

for (const [what, lacking] of [
  ['the realm has changed its keys', new GatewayError('ERR_LOGOUT_TOKEN_INVALID', { reason: 'key' })],
  ['the realm’s keys cannot be had', new GatewayError('ERR_REALM_UNREACHABLE')],
] as const) {
  test(`a token is heard once more later when ${what}, because nobody says it again`, async () => {
    const bench = await createBench()
    const live = await open(bench.lifecycle)
    const { verifyLogoutToken } = bench.main
    const lacks = { key: true }
    const verify = async (text: string) => {
      if (lacks.key) throw lacking
      return verifyLogoutToken(text)
    }
    const realms = [{ ...bench.main, verifyLogoutToken: verify }]
    const token = await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' })
    await send(`logout_token=${token}`, { ...bench.options, realms }).catch(() => undefined)
    assert.equal(await isAlive(bench, live), true)
    lacks.key = false
    const [hear] = bench.later
    await hear?.()
    assert.equal(await isAlive(bench, live), false)
    assert.deepEqual([bench.later.length, bench.heard().at(-1)?.outcome], [1, 'accepted'])
  })
}

test('what is forged under a key of ours is not heard again', async () => {
  const bench = await createBench()
  const token = await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' })
  assertRefused(await bench.post(`${token.slice(0, -8)}AAAAAAAA`))
  assert.deepEqual(bench.later, [])
})

test('a realm whose keys cannot be had leaves the token for another time', async () => {
  const bench = await createBench()
  const live = await open(bench.lifecycle)
  const token = await bench.main.say({ sid: 'realm-session-1' })
  const down = { ...bench.main, verifyLogoutToken: () => Promise.reject(new GatewayError('ERR_REALM_UNREACHABLE')) }
  await assert.rejects(send(`logout_token=${token}`, { ...bench.options, realms: [down] }), {
    code: 'ERR_REALM_UNREACHABLE',
  })
  assert.equal((await bench.post(token)).status, 200)
  assert.equal(await isAlive(bench, live), false)
})

test('a form without a token, with two, with text and with a token of nobody we know is refused', async () => {
  const bench = await createBench()
  const token = await bench.main.say({ sub: 'alice-id' })
  const stranger = await bench.main.say({ sub: 'alice-id', aud: 'billing' })
  for (const form of ['', 'token=x', 'logout_token=', 'logout_token=x', `logout_token=${stranger}`]) {
    assertRefused(await send(form, bench.options))
  }
  assertRefused(await send(`logout_token=${token}&logout_token=${token}`, bench.options))
  assert.equal((await send(`more=1&logout_token=${token}`, bench.options)).status, 200)
})

test('a form that is too large is a 413', async () => {
  const bench = await createBench()
  const tooLarge = () => Promise.reject(new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'size' }))
  assertRefused(await sendForm(tooLarge, bench.options), 413)
})

test('what is refused is told by its reason, and the token is told to nobody', async () => {
  const bench = await createBench()
  const token = await bench.main.say({ sub: 'alice-id', nonce: '' })
  const reply = await bench.post(token)
  const [heard] = bench.heard()
  assert.deepEqual([heard?.realm, heard?.outcome, heard?.because], ['main', 'refused', 'nonce'])
  assert.ok(!JSON.stringify([reply, bench.events]).includes(token.slice(-20)))
  assert.ok(!reply.body.includes('nonce'))
})

test('offline access is revoked only where the realm says so', async () => {
  const bench = await createBench()
  await open(bench.lifecycle)
  await bench.post(await bench.main.say({ sub: 'alice-id' }))
  assert.equal(bench.revoked.length, 0)
  bench.clock.advance(1)
  const live = await open(bench.lifecycle, { sid: 's-2' })
  await bench.post(await bench.main.say({ sid: 's-2', events: { [LOGOUT_EVENT]: {}, revoke_offline_access: true } }))
  assert.deepEqual(
    bench.revoked.map(({ handle }) => handle),
    [live.session.handle],
  )
})

test('a login that is being finished under an ended sid does not come to be', async () => {
  const bench = await createBench()
  await bench.post(await bench.main.say({ sid: 'realm-session-1', sub: 'alice-id' }))
  await assert.rejects(open(bench.lifecycle), { code: 'ERR_SESSION_REVOKED' })
  assert.ok(await open(bench.lifecycle, { sid: 'realm-session-2' }))
})

test('a login the realm confirmed before it ended all of the person’s sessions does not come to be', async () => {
  const bench = await createBench()
  await bench.post(await bench.main.say({ sub: 'alice-id' }))
  const claims = { iat: Math.floor(bench.clock.now()) }
  await assert.rejects(open(bench.lifecycle, { claims }), { code: 'ERR_SESSION_REVOKED' })
  await assert.rejects(open(bench.lifecycle, { claims: { iat: claims.iat - 30 } }), { code: 'ERR_SESSION_REVOKED' })
  assert.deepEqual(await bench.store.find('subject', subjectIndex(MAIN, 'alice-id')), [])
  assert.ok(await open(bench.lifecycle, { claims: { iat: claims.iat + 1 } }), 'a later one works')
  assert.ok(await open(bench.lifecycle, { subject: 'bob-id', sid: 's-3', claims }), 'somebody else’s works')
  assert.ok(await open(bench.lifecycle, { realm: 'desk', sid: 's-4', claims }), 'that of another client works')
})

test('a realm whose clock is ahead ends what it had confirmed all the same', async () => {
  const bench = await createBench()
  await bench.post(await bench.main.say({ sub: 'alice-id', iat: 1008 }))
  await assert.rejects(open(bench.lifecycle, { claims: { iat: 1008 } }), { code: 'ERR_SESSION_REVOKED' })
  assert.ok(await open(bench.lifecycle, { claims: { iat: 1009 } }))
})

/** The steps of a login and of a logout at the store, one after the other in every order that there is. */
for (const loginSteps of [0, 1, 2, 3]) {
  for (const logoutSteps of [0, 1, 2, 3, 4, 5, 6]) {
    test(`of a login at step ${loginSteps} and a logout at step ${logoutSteps} no session is left`, async () => {
      const bench = await createBench()
      const login = stepwise(bench.store, ['create', 'hasTombstone', 'delete'])
      const logout = stepwise(bench.store, ['claim', 'putTombstone', 'find', 'delete', 'settleClaim'])
      const claims = { iat: Math.floor(bench.clock.now()) }
      const opening = open(bench.replica(login.store).lifecycle, { claims }).catch(() => undefined)
      const token = await bench.main.say({ sub: 'alice-id' })
      const sessions = bench.replica(logout.store).lifecycle
      const ending = send(`logout_token=${token}`, { ...bench.options, store: logout.store, sessions })
      await login.pass(loginSteps)
      await logout.pass(logoutSteps)
      login.passAll()
      await opening
      logout.passAll()
      assert.equal((await ending).status, 200)
      assert.deepEqual(await bench.store.find('subject', subjectIndex(MAIN, 'alice-id')), [])
    })
  }
}

/** A store whose calls each wait until they are let through. */
function stepwise(store: SessionStore, methods: readonly (keyof SessionStore)[]) {
  const waiting: (() => void)[] = []
  let isOpen = false
  const gates = methods.map((method) => [
    method,
    async (...args: readonly never[]) => {
      if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve))
      return (store[method] as (...args: readonly never[]) => unknown)(...args)
    },
  ])
  return {
    store: { ...store, ...Object.fromEntries(gates) } as SessionStore,
    async pass(steps: number) {
      for (let step = 0; step < steps; step += 1) {
        await new Promise(setImmediate)
        waiting.shift()?.()
        await new Promise(setImmediate)
      }
    },
    passAll() {
      isOpen = true
      for (const go of waiting.splice(0)) go()
    },
  }
}
