import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realmEndAt, refreshDueAt, secondLoginOf, sessionState } from '../../src/session/session.ts'
import { createHandle } from '../../src/session/session-id.ts'
import { buildSession, buildTokens } from '../support/sessions.ts'

const limits = { idleSeconds: 1800, absoluteSeconds: 3600 }
const session = buildSession({ createdAt: 1000, absoluteEndAt: 4600 })

test('a session in use is active until its idle end', () => {
  assert.deepEqual(sessionState(session, 1000, limits, 1500), { kind: 'active', endsAt: 2800 })
})

test('a session without a request for the idle time has ended', () => {
  assert.deepEqual(sessionState(session, 1000, limits, 2800), { kind: 'ended', because: 'idle' })
})

test('a busy session still ends at the absolute limit', () => {
  assert.deepEqual(sessionState(session, 4599, limits, 4600), { kind: 'ended', because: 'absolute' })
})

test('a session ends with its refresh token, whatever our own limits', () => {
  const capped = buildSession({ tokens: buildTokens({ refreshTokenExpiresAt: 1200 }) })
  assert.deepEqual(sessionState(capped, 1199, limits, 1200), { kind: 'ended', because: 'realm' })
})

test('a session without a refresh token ends with its access token', () => {
  assert.equal(realmEndAt(buildTokens({ refreshToken: null, accessTokenExpiresAt: 1060 })), 1060)
})

test('an offline token sets no end', () => {
  assert.equal(realmEndAt(buildTokens({ refreshTokenExpiresAt: null })), Number.POSITIVE_INFINITY)
})

test('a token that lives for minutes is due half a minute before its end', () => {
  assert.equal(refreshDueAt(buildTokens({ accessTokenExpiresAt: 1300 }), 1000, 30), 1270)
})

test('a token that lives for seconds is due after two thirds of its life', () => {
  assert.equal(refreshDueAt(buildTokens({ accessTokenExpiresAt: 1003 }), 1000, 30), 1002)
})

test('a realm named like a property of every object has no second login by that', () => {
  assert.equal(secondLoginOf(buildSession({ secondLogins: {} }), 'constructor'), null)
})

test('no handle looks like an option of a command line', () => {
  for (let drawn = 0; drawn < 3000; drawn += 1) assert.doesNotMatch(createHandle(), /^-/)
})
