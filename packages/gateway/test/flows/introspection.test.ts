// Bearer tokens that the realm is asked about: those that say too little by themselves, and those that were revoked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import { askGateway, createShiftedClock, decode, type GatewayAnswer } from '../support/flow.ts'
import {
  ALICE,
  askAsClient,
  type PairStage,
  REALMS,
  setClient,
  setPairStage,
  testPairOnBothFronts,
  tokenSent,
} from '../support/pair-stage.ts'

const CACHE_SECONDS = 10
const INTROSPECTING = {
  realms: REALMS.replace('clientId: web-gateway', 'clientId: web-gateway\n    introspect: true'),
  routes: `
  - { path: "/agent/*", service: agent, require: { login: true, via: [session, bearer] } }
  - { path: "/session/*", service: reports, require: { login: true } }
  - { path: "/research/*", service: reports, require: { roles: [researcher], via: [bearer] } }`,
}

/** An access token of alice; a light one names neither a subject nor an audience. */
async function tokenOf(stage: PairStage, isLight = true): Promise<string> {
  setClient(stage.realm, 'web-gateway', { lightweightTokens: isLight })
  const alice = await stage.loggedIn()
  assert.equal((await alice.fetch(stage.url('/session/x'))).status, 200)
  const token = tokenSent(stage) ?? ''
  stage.upstream.forget()
  assert.equal(decode(token).sub === undefined, isLight)
  return token
}

const revoke = (stage: PairStage, token: string) => askAsClient(stage.realm, 'revoke', 'web-gateway', { token })

const ask = (stage: PairStage, token: string, path = '/agent/x'): Promise<GatewayAnswer> =>
  askGateway(stage, path, { headers: { authorization: `Bearer ${token}` } })

function assertInvalid(answer: GatewayAnswer): void {
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [401, 'invalid_token'])
  assert.match(answer.headers['www-authenticate'] ?? '', /error="invalid_token"/)
}

testPairOnBothFronts(
  'what a lightweight token does not say, the realm does, once for many requests',
  async (stage) => {
    const token = await tokenOf(stage)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(stage, token)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(stage.realm.calls.count('introspect'), 1)
    const { sub, roles, client_id: clientId } = decode(tokenSent(stage) ?? '')
    assert.deepEqual([sub, roles, clientId], [ALICE, ['user', 'researcher'], 'web-gateway'])
    assert.equal((await ask(stage, token, '/research/x')).status, 200)
    assert.equal(stage.realm.calls.count('introspect'), 1)
  },
  INTROSPECTING,
)

test('a realm that is not asked leaves such a token without a meaning', async (t) => {
  const stage = await setPairStage(t, { routes: INTROSPECTING.routes })
  assertInvalid(await ask(stage, await tokenOf(stage)))
  assert.equal(stage.realm.calls.count('introspect'), 0)
})

const clock = createShiftedClock()

for (const isLight of [true, false]) {
  test(`a revoked ${isLight ? 'lightweight' : 'full'} token is refused after ${CACHE_SECONDS} s at most`, async (t) => {
    const stage = await setPairStage(t, { ...INTROSPECTING, gateway: { clock: clock.now } })
    const token = await tokenOf(stage, isLight)
    assert.equal((await ask(stage, token)).status, 200)
    await revoke(stage, token)
    clock.advance(CACHE_SECONDS + 1)
    t.after(() => clock.advance(-CACHE_SECONDS - 1))
    assertInvalid(await ask(stage, token))
    const unused = await tokenOf(stage, isLight)
    await revoke(stage, unused)
    assertInvalid(await ask(stage, unused))
    assert.deepEqual(stage.upstream.received, [])
  })
}

test('what the realm does not call active is refused, whatever else it says', async (t) => {
  const stage = await setPairStage(t, INTROSPECTING)
  for (const token of ['opaque', 'a.b.c', `${(await tokenOf(stage)).slice(0, -4)}AAAA`]) {
    assertInvalid(await ask(stage, token))
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('a realm that cannot be asked, or answers nonsense, lets nobody in', async (t) => {
  const stage = await setPairStage(t, INTROSPECTING)
  const { serverError, brokenJson, html, cutBefore, invalidClient, emptyObject } = FAULTS
  for (const fault of [serverError, brokenJson, html, cutBefore, invalidClient]) {
    const token = await tokenOf(stage)
    const restore = stage.realm.faults.every('introspect', fault)
    const answer = await ask(stage, token)
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [503, 'temporarily_unavailable'])
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    restore()
  }
  const token = await tokenOf(stage)
  const restore = stage.realm.faults.every('introspect', emptyObject)
  assertInvalid(await ask(stage, token))
  restore()
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await ask(stage, await tokenOf(stage))).status, 200)
})

test('a session is not asked about', async (t) => {
  const stage = await setPairStage(t, INTROSPECTING)
  const alice = await stage.loggedIn()
  assert.equal((await alice.fetch(stage.url('/agent/x'))).status, 200)
  assert.equal(stage.realm.calls.count('introspect'), 0)
})

test('a client that is not told about its own tokens is found out at the start', async (t) => {
  const stage = await setPairStage(t, INTROSPECTING)
  setClient(stage.realm, 'web-gateway', { audiences: [] })
  stage.realm.calls.clear()
  await stage.restart(0)
  await stage.realm.calls.reached('introspect', 1)
  await Promise.all(stage.realm.calls.list('introspect').map((call) => call.finished()))
  await Promise.all(stage.gateways.map((gateway) => gateway.close()))
  const warned = (await stage.log()).split('\n').filter((line) => line.includes('realm.warned'))
  assert.equal(warned.length, 1)
  assert.match(warned[0] ?? '', /audience mapper/)
})
