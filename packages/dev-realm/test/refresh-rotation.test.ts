import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { TokenUse } from '@doorman/dev-realm'
import { obtainTokens, refresh, startRealm } from './support/relying-party.ts'

type Tokens = Record<string, unknown>

async function rotatingRealm(t: TestContext, refreshTokenMaxReuse: number) {
  const realm = await startRealm({ settings: { revokeRefreshToken: true, refreshTokenMaxReuse } })
  t.after(() => realm.close())
  return realm
}

async function renew(realm: Awaited<ReturnType<typeof rotatingRealm>>, tokens: Tokens): Promise<Tokens> {
  const { status, json } = await refresh(realm, tokens.refresh_token)
  assert.equal(status, 200)
  return json
}

async function refusal(realm: Awaited<ReturnType<typeof rotatingRealm>>, tokens: Tokens) {
  const { status, json } = await refresh(realm, tokens.refresh_token)
  assert.deepEqual([status, json.error], [400, 'invalid_grant'])
  return json.error_description
}

test('rotation off: any number of refreshes with one token succeed, at once too', async (t) => {
  const realm = await startRealm()
  t.after(() => realm.close())
  const tokens = await obtainTokens(realm)
  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(realm, tokens.refresh_token)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  for (const { json } of answers) await renew(realm, json)
})

test('rotation on: each token works once, one after the other', async (t) => {
  const realm = await rotatingRealm(t, 0)
  let tokens = await obtainTokens(realm)
  for (let round = 0; round < 4; round += 1) tokens = await renew(realm, tokens)
})

test('rotation on: a reused token is refused and the newest one is dead', async (t) => {
  const realm = await rotatingRealm(t, 0)
  const first = await obtainTokens(realm)
  const second = await renew(realm, first)
  assert.equal(await refusal(realm, first), 'Maximum allowed refresh token reuse exceeded')
  assert.equal(await refusal(realm, second), "Session doesn't have required client")
})

test('rotation on: a token two generations old is stale and kills all', async (t) => {
  const realm = await rotatingRealm(t, 0)
  const first = await obtainTokens(realm)
  const third = await renew(realm, await renew(realm, first))
  assert.equal(await refusal(realm, first), 'Stale token')
  assert.equal(await refusal(realm, third), "Session doesn't have required client")
})

test('rotation on: each use of a token is told, and what became of it', async (t) => {
  const uses: TokenUse[] = []
  const settings = { revokeRefreshToken: true, refreshTokenMaxReuse: 1 }
  const realm = await startRealm({ settings, onTokenUse: (use) => uses.push(use) })
  t.after(() => realm.close())
  const tokens = await obtainTokens(realm)
  for (let round = 0; round < 3; round += 1) await refresh(realm, tokens.refresh_token)
  assert.deepEqual(
    uses.map(({ outcome }) => outcome),
    ['first', 'again', 'refused'],
  )
  assert.equal(new Set(uses.map(({ tokenId }) => tokenId)).size, 1)
  assert.deepEqual([...new Set(uses.map(({ sid }) => sid))], [realm.sessions()[0]?.sid])
})

for (const count of [4, 8]) {
  test(`rotation on: of ${count} at once one succeeds, and it is dead`, async (t) => {
    const realm = await rotatingRealm(t, 0)
    const tokens = await obtainTokens(realm)
    const answers = await Promise.all(Array.from({ length: count }, () => refresh(realm, tokens.refresh_token)))
    const winners = answers.filter(({ status }) => status === 200)
    assert.equal(winners.length, 1)
    await refusal(realm, winners[0]!.json)
  })

  test(`rotation on with one reuse: of ${count} at once two succeed, and both are dead`, async (t) => {
    const realm = await rotatingRealm(t, 1)
    const tokens = await obtainTokens(realm)
    const answers = await Promise.all(Array.from({ length: count }, () => refresh(realm, tokens.refresh_token)))
    const winners = answers.filter(({ status }) => status === 200)
    assert.equal(winners.length, 2)
    for (const { json } of winners) await refusal(realm, json)
  })
}

test('rotation on with one reuse: a lost answer can be asked for once more, and the retry goes on', async (t) => {
  const realm = await rotatingRealm(t, 1)
  const first = await obtainTokens(realm)
  await renew(realm, first)
  let tokens = await renew(realm, first)
  for (let round = 0; round < 3; round += 1) tokens = await renew(realm, tokens)
})

test('rotation on with one reuse: the third use of a token kills all', async (t) => {
  const realm = await rotatingRealm(t, 1)
  const first = await obtainTokens(realm)
  await renew(realm, first)
  const newest = await renew(realm, first)
  assert.equal(await refusal(realm, first), 'Maximum allowed refresh token reuse exceeded')
  await refusal(realm, newest)
})

test('rotation on with one reuse: the lost token itself is stale, and using it kills all', async (t) => {
  const realm = await rotatingRealm(t, 1)
  const first = await obtainTokens(realm)
  const lost = await renew(realm, first)
  const newest = await renew(realm, await renew(realm, first))
  assert.equal(await refusal(realm, lost), 'Stale token')
  await refusal(realm, newest)
})

test('a killed session of one client leaves the browser and other clients alone', async (t) => {
  const realm = await rotatingRealm(t, 0)
  const { createBrowser } = await import('../src/browser.ts')
  const browser = createBrowser()
  const first = await obtainTokens(realm, 'alice', {}, browser)
  await renew(realm, first)
  await refusal(realm, first)
  await renew(realm, await obtainTokens(realm, 'alice', { prompt: 'none' }, browser))
})

test('logins that share a session rotate on their own', async (t) => {
  const realm = await rotatingRealm(t, 0)
  const { createBrowser } = await import('../src/browser.ts')
  const browser = createBrowser()
  const one = await obtainTokens(realm, 'alice', {}, browser)
  const two = await obtainTokens(realm, 'alice', {}, browser)
  await renew(realm, await renew(realm, two))
  await renew(realm, one)
})
