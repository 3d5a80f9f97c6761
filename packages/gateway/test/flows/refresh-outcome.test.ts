// What the realm says at a refresh counts: that a session is over, who somebody is now, and what they may do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import {
  assertNoEndedToken,
  logInExpired,
  problemCode,
  refreshes,
  setStage,
  statusOf,
  testOnBothFronts,
  userOf,
} from '../support/flow.ts'

const ROTATING = { revokeRefreshToken: true }

testOnBothFronts('a session the realm has ended is a 401 for a fetch and a login for a page', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.endSessionsOf('alice')
  const answer = await browser.fetch(stage.url('/api/x'))
  assert.equal(answer.status, 401)
  assert.equal(problemCode(answer), 'login_required')
  const page = await browser.navigate(stage.url('/page/x'))
  assert.equal(page.status, 303)
  assert.ok(page.headers.get('location')?.startsWith(stage.realm.issuer))
  assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 401)
  assert.equal(refreshes(stage), 1)
  assert.deepEqual(stage.upstream.received, [])
})

testOnBothFronts('a page that meets the end of its session goes to log in at once', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.endSessionsOf('alice')
  const page = await browser.navigate(stage.url('/page/x?y=1'))
  assert.equal(page.status, 303)
  assert.ok(page.headers.get('location')?.startsWith(stage.realm.issuer))
})

for (const [whose, fault] of [
  ['another person', 'other-subject'],
  ['another issuer', 'wrong-issuer'],
] as const) {
  test(`a verified ID token of ${whose} ends the session`, async (t) => {
    const stage = await setStage(t)
    const browser = await logInExpired(stage)
    stage.realm.faults.idToken(fault)
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(refreshes(stage), 1)
    assert.deepEqual(stage.upstream.received, [])
  })
}

const UNUSABLE_ID_TOKENS = [
  'absent',
  'not-a-token',
  'bad-signature',
  'unknown-key',
  'algorithm-none',
  'algorithm-hs256',
  'expired',
  'wrong-audience',
  'wrong-access-token-hash',
] as const

test('a refreshed ID token that proves nothing keeps the session and its claims', async (t) => {
  const stage = await setStage(t, { realm: ROTATING })
  for (const fault of UNUSABLE_ID_TOKENS) {
    await t.test(fault, async () => {
      const browser = await logInExpired(stage)
      stage.realm.directory.setUser('alice', { firstName: 'Mallory' })
      stage.realm.faults.idToken(fault)
      assert.equal(await statusOf(stage, browser), 200)
      stage.realm.directory.setUser('alice', { firstName: 'Alice' })
      assert.equal((await userOf(stage, browser)).name, 'Alice Test')
      assertNoEndedToken(stage)
    })
  }
})

testOnBothFronts('roles and names changed at the realm count from the next refresh', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.directory.setUser('alice', { firstName: 'Alicia', realmRoles: ['user', 'admin'] })
  assert.equal(await statusOf(stage, browser, '/admin/x'), 200)
  const user = await userOf(stage, browser)
  assert.equal(user.name, 'Alicia Test')
  assert.ok((user.roles as string[]).includes('admin'))
})

test('a role taken away at the realm is gone with the next refresh', async (t) => {
  const stage = await setStage(t)
  const carol = await logInExpired(stage, 'carol')
  stage.realm.directory.setUser('carol', { realmRoles: ['user'] })
  assert.equal(await statusOf(stage, carol, '/admin/x'), 403)
  assert.equal(await statusOf(stage, carol), 200)
})

for (const old of ['keep', 'remove'] as const) {
  test(`a key rotated just before a refresh is found (old keys: ${old})`, async (t) => {
    const stage = await setStage(t, { realm: ROTATING })
    const browser = await logInExpired(stage)
    await stage.realm.rotateKeys(old)
    stage.realm.directory.setUser('alice', { firstName: 'Alicia' })
    assert.equal(await statusOf(stage, browser), 200)
    assert.equal((await userOf(stage, browser)).name, 'Alicia Test', 'the new ID token was verified')
  })
}

test('a key that cannot be fetched keeps the session with its new tokens and its old claims', async (t) => {
  const stage = await setStage(t, { realm: ROTATING })
  const browser = await logInExpired(stage)
  await stage.realm.rotateKeys('remove')
  stage.realm.directory.setUser('alice', { firstName: 'Alicia' })
  stage.realm.faults.every('certs', FAULTS.serverError)
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal((await userOf(stage, browser)).name, 'Alice Test')
  assertNoEndedToken(stage)
})
