// What each service receives: its own credential and no other, verified as a service verifies it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Caller, Guard } from '@doorman/resource-server'
import { decodeProtectedHeader } from 'jose'
import { askGateway, decode, problemCode } from '../support/flow.ts'
import {
  ALICE,
  ALICE_OF_MODELS,
  guarded,
  type PairStage,
  SERVICES,
  setPairStage,
  testPairOnBothFronts,
  tokenSent,
} from '../support/pair-stage.ts'

/** By service: whose guard takes it, and what it then knows. */
const KINDS = [
  ['agent', 'agent', { kind: 'internal', subject: ALICE, clientId: 'web-gateway' }],
  ['reports', 'reports', { kind: 'realm', subject: ALICE, clientId: 'web-gateway' }],
  ['billing', 'billing', { kind: 'realm', subject: ALICE, clientId: 'web-gateway' }],
  ['jobs', 'reports', { kind: 'realm', clientId: 'web-gateway', sessionId: null }],
  ['robots', 'llm', { kind: 'realm', clientId: 'model-robot', sessionId: null }],
  ['grants', 'llm', { kind: 'realm', subject: ALICE_OF_MODELS, clientId: 'model-grantee', sessionId: null }],
  ['models', 'llm', { kind: 'realm', subject: ALICE_OF_MODELS, clientId: 'model-gateway' }],
] as const

const guardFor = (stage: PairStage, audience: string): Guard =>
  stage.guard(audience, { issuer: audience === 'llm' ? stage.models.issuer : stage.realm.issuer })

/** The token a service got when somebody asked for its page. */
async function tokenAt(stage: PairStage, browser: Browser, service: string): Promise<string> {
  const answer = (await browser.follow(stage.url(`/${service}/x`))).at(-1)
  assert.equal(answer?.status, 200)
  return tokenSent(stage) ?? ''
}

testPairOnBothFronts('each service receives its own credential, which nobody else takes', async (stage) => {
  const alice = await stage.loggedIn()
  const tokens = new Map<string, string>()
  for (const [service, audience, expected] of KINDS) {
    const token = await tokenAt(stage, alice, service)
    tokens.set(service, token)
    assert.partialDeepStrictEqual(await guardFor(stage, audience).verify(token), expected, service)
  }
  assert.equal(new Set(tokens.values()).size, KINDS.length)
  const exchanged = decode(tokens.get('billing') ?? '')
  assert.equal(exchanged.aud, 'billing')
  const internal = tokens.get('agent') ?? ''
  for (const audience of ['reports', 'billing', 'llm', 'feed', stage.publicUrl]) {
    await assert.rejects(guardFor(stage, audience).verify(internal), { status: 401, reason: 'audience' })
  }
  for (const [service, token] of tokens) {
    if (service !== 'agent') await assert.rejects(guardFor(stage, 'agent').verify(token), { status: 401 }, service)
  }
  assert.equal((await alice.fetch(stage.url('/feed/x'))).status, 200)
  assert.equal(tokenSent(stage), undefined)
})

testPairOnBothFronts(
  'an internal token names the person, the session and the roles, and nothing of the realm’s own',
  async (stage) => {
    const alice = await stage.loggedIn()
    const token = await tokenAt(stage, alice, 'agent')
    const header = decodeProtectedHeader(token)
    assert.deepEqual(Object.keys(header).toSorted(), ['alg', 'kid', 'typ'])
    assert.equal(header.typ, 'at+jwt')
    const { sid, jti, iat, exp, ...claims } = decode(token)
    assert.deepEqual(claims, {
      iss: stage.publicUrl,
      aud: 'agent',
      sub: ALICE,
      realm: 'main',
      roles: ['user', 'researcher'],
      client_id: 'web-gateway',
    })
    assert.equal(Number(exp) - Number(iat), 60)
    assert.match(String(jti), /^[\w-]{22}$/)
    const accessToken = decode(await tokenAt(stage, alice, 'reports'))
    assert.notEqual(sid, accessToken.sid)
  },
)

testPairOnBothFronts('a service that does no login learns who is calling from the token alone', async (stage) => {
  stage.upstream.answer(guarded(stage.guard('agent')))
  const alice = await stage.loggedIn()
  const answer = await alice.fetch(stage.url('/agent/x'))
  assert.equal(answer.status, 200)
  const caller: Partial<Caller> = JSON.parse(answer.body)
  assert.partialDeepStrictEqual(caller, { kind: 'internal', subject: ALICE, roles: ['user', 'researcher'] })
  const direct = await fetch(`${stage.upstream.origin}/agent/x`)
  assert.equal(direct.status, 401)
})

test('issuer metadata and key set are public, cacheable and hold nothing private', async (t) => {
  const stage = await setPairStage(t)
  const metadata = await askGateway(stage, '/.well-known/openid-configuration')
  const { issuer, jwks_uri } = JSON.parse(metadata.body)
  assert.equal(issuer, stage.publicUrl)
  assert.equal(jwks_uri, `${stage.publicUrl}/.well-known/jwks.json`)
  const keySet = await askGateway(stage, '/.well-known/jwks.json')
  for (const { status, headers } of [metadata, keySet]) {
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'public, max-age=300')
  }
  const { keys } = JSON.parse(keySet.body)
  assert.deepEqual(Object.keys(keys[0]).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

const OVERRIDES = `
  - { path: "/agent/*", service: agent, require: { login: true } }
  - { path: "/agent/bare/*", service: agent, require: { login: true }, credential: none }
  - { path: "/agent/own/*", service: agent, require: { login: true }, credential: accessToken }
  - path: /agent/told/*
    service: agent
    require: { login: true }
    credential: { internal: { audience: teller, roles: [user, admin], clientRoles: [reports], claims: [email] } }
`

test('a route may send another credential than its service has', async (t) => {
  const stage = await setPairStage(t, { routes: OVERRIDES })
  const alice = await stage.loggedIn()
  const sent = async (path: string) => {
    assert.equal((await alice.fetch(stage.url(path))).status, 200)
    return decode(tokenSent(stage) ?? '.e30.')
  }
  assert.equal((await sent('/agent/x')).aud, 'agent')
  assert.deepEqual(await sent('/agent/bare/x'), {})
  assert.equal((await sent('/agent/own/x')).iss, stage.realm.issuer)
  assert.partialDeepStrictEqual(await sent('/agent/told/x'), {
    aud: 'teller',
    roles: ['user'],
    client_roles: { reports: ['read'] },
    email: 'alice@example.test',
  })
  assert.equal((await sent('/agent/x')).aud, 'agent')
})

const FILTERED = `${SERVICES}
  small: { url: "\${UPSTREAM}", credential: { internal: { roles: [role-7, role-499, admin] } } }
`

test('a person with 500 roles has a token that services take, once they say which roles they need', async (t) => {
  const stage = await setPairStage(t, {
    services: FILTERED,
    routes: `
  - { path: "/small/*", service: small, require: { login: true } }
  - { path: "/agent/*", service: agent, require: { login: true } }`,
  })
  const realmRoles = Array.from({ length: 500 }, (_, at) => `role-${at}`)
  stage.realm.directory.setUser('alice', { realmRoles })
  const alice = await stage.loggedIn()
  assert.equal((await alice.fetch(stage.url('/small/x'))).status, 200)
  assert.deepEqual(decode(tokenSent(stage) ?? '').roles, ['role-7', 'role-499'])
  const whole = await alice.fetch(stage.url('/agent/x'))
  assert.equal(whole.status, 502)
  assert.equal(problemCode(whole), 'credential_unavailable')
  assert.equal(stage.upstream.received.length, 1)
})
