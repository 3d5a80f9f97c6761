import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../src/http/reply.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import {
  finishSecondLogin,
  type SecondLoginOptions,
  startSecondLogin,
  startSecondLoginFor,
} from '../../src/login/second-login.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import type { SecondLogin } from '../../src/session/session.ts'
import { storeSecondLogin } from '../../src/tokens/second-login.ts'
import { type CookieJar, createCookieJar, FROM_REALM, locationOf } from '../support/cookie-jar.ts'
import { createFrontDoor, type FrontDoor, logIn, MODELS, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'
import { buildTokens } from '../support/sessions.ts'

interface Kept {
  readonly live: LiveSession
  readonly realm: string
  readonly login: SecondLogin
}

function createSecondDoor(door: FrontDoor) {
  const { models } = door
  const kept: Kept[] = []
  let keeps = true
  const options: SecondLoginOptions = {
    ...door.login,
    realm: models,
    loginPath: '/auth/login/models',
    redirectUri: 'https://app.example/auth/callback/models',
    identityProvider: 'main',
    loginRealmOf: () => 'main',
    sessionCookiesOf: () => door.cookies,
    firstLoginPathOf: () => '/auth/login',
    refreshMarginSeconds: 30,
    keep: async (live, realm, login) => {
      kept.push({ live, realm, login })
      return keeps
    },
  }
  models.onRedeem(async () => {
    const redeemed = buildRedeemed({ tokens: buildTokens({ accessToken: 'models-token' }) })
    return {
      ...redeemed,
      claims: { ...redeemed.claims, iss: MODELS, sub: 'alice-at-models' },
      accessClaims: { scope: 'llm' },
    }
  })
  return { models, options, kept, refuseToKeep: () => (keeps = false) }
}

type SecondDoor = ReturnType<typeof createSecondDoor>

async function begin(second: SecondDoor, jar: CookieJar, query = ''): Promise<string> {
  return locationOf(jar.take(await startSecondLogin(jar.request(`/auth/login/models${query}`), second.options)))
}

async function finish(
  second: SecondDoor,
  jar: CookieJar,
  changes: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const state = second.models.asked.at(-1)?.state ?? ''
  const query = new URLSearchParams({ state, iss: MODELS, code: 'code-1', ...changes })
  return jar.take(await finishSecondLogin(jar.request(`/auth/callback/models?${query}`, FROM_REALM), second.options))
}

test('puts the tokens of the second realm into the session and leaves who is logged in as it was', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const before = jar.cookies.get(SESSION_COOKIE)
  const second = createSecondDoor(door)
  await begin(second, jar, '?return_to=/models')
  assert.equal(locationOf(await finish(second, jar)), '/models')
  const [kept] = second.kept
  assert.equal(kept?.realm, 'models')
  assert.deepEqual(
    { subject: kept?.login.subject, scope: kept?.login.scope, accessToken: kept?.login.tokens.accessToken },
    { subject: 'alice-at-models', scope: 'llm', accessToken: 'models-token' },
  )
  assert.equal(jar.cookies.get(SESSION_COOKIE), before)
  assert.equal(kept?.live.session.subject, 'alice-id')
})

test('asks the second realm to ask the first', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  await begin(second, jar)
  assert.deepEqual(second.models.asked[0]?.parameters, { kc_idp_hint: 'main' })
  assert.equal(second.models.asked[0]?.redirectUri, 'https://app.example/auth/callback/models')
})

test('sends whoever is not logged in to the first login and back to the second', async () => {
  const second = createSecondDoor(createFrontDoor())
  const location = new URL(await begin(second, createCookieJar(), '?return_to=/models'), 'https://app.example')
  assert.equal(location.pathname, '/auth/login')
  assert.equal(location.searchParams.get('return_to'), '/auth/login/models?return_to=%2Fmodels')
  assert.equal(second.models.asked.length, 0)
})

test('an answer that comes to another session than began it is refused', async () => {
  const door = createFrontDoor()
  const alice = await logIn(door)
  const second = createSecondDoor(door)
  await begin(second, alice)
  const mallory = await logIn(door)
  alice.cookies.set(SESSION_COOKIE, mallory.cookies.get(SESSION_COOKIE) ?? '')
  assert.equal((await finish(second, alice)).status, 400)
  assert.equal(second.kept.length, 0)
})

test('an answer that comes after a logout is refused', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  await begin(second, jar)
  jar.cookies.delete(SESSION_COOKIE)
  assert.equal((await finish(second, jar)).status, 400)
  assert.equal(second.kept.length, 0)
})

test('the attempt of a second login opens no session at the first callback', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  await begin(second, jar)
  const state = second.models.asked.at(-1)?.state ?? ''
  const url = `/auth/callback?${new URLSearchParams({ state, iss: MODELS, code: 'code-1' })}`
  const redeemed = door.realm.redeemed.length
  assert.equal((await finishLogin(jar.request(url, FROM_REALM), door.login)).status, 400)
  assert.equal(door.realm.redeemed.length, redeemed)
})

test('an answer of the first realm is not taken at the second callback', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  await begin(second, jar)
  assert.equal((await finish(second, jar, { iss: 'https://sso.example/realms/main' })).status, 400)
  assert.equal(second.models.redeemed.length, 0)
})

test('a session that ended during the login gets nothing, and the browser goes on', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  second.refuseToKeep()
  await begin(second, jar, '?return_to=/models')
  assert.equal(locationOf(await finish(second, jar)), '/models')
  const refusal = door.events.find(({ kind }) => kind === 'login.refused')
  assert.equal(refusal?.kind === 'login.refused' && refusal.code, 'ERR_SESSION_REVOKED')
})

test('second logins that never hold are stopped', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  const statuses: number[] = []
  for (let round = 0; round < 4; round += 1) {
    await begin(second, jar)
    statuses.push((await finish(second, jar)).status)
  }
  assert.deepEqual(statuses.slice(0, 4), [303, 303, 303, 400])
})

test('takes no parameter but return_to', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  await assert.rejects(begin(second, jar, '?kc_idp_hint=evil'), { code: 'ERR_REQUEST_MALFORMED' })
})

const NO_REFRESH_TOKEN = buildTokens({ accessToken: 'models-token', refreshToken: null })

/** Logged in, with a second login as it stands in the session. */
async function withSecondLogin(door: FrontDoor, login: Partial<SecondLogin>): Promise<CookieJar> {
  const jar = await logIn(door)
  const found = await door.sessions.find(jar.cookies.get(SESSION_COOKIE))
  assert.ok(found.kind === 'active')
  const whole = { issuer: MODELS, subject: 'alice-at-models', tokens: buildTokens(), scope: null, refreshDueAt: 0 }
  await storeSecondLogin(found.live, 'models', { ...whole, ...login }, door.sessions)
  return jar
}

test('who has logged in there already goes straight on', async () => {
  const door = createFrontDoor()
  const second = createSecondDoor(door)
  assert.equal(await begin(second, await withSecondLogin(door, {}), '?return_to=/models'), '/models')
  const lasting = { tokens: NO_REFRESH_TOKEN, refreshDueAt: Number.POSITIVE_INFINITY }
  assert.equal(await begin(second, await withSecondLogin(door, lasting), '?return_to=/models'), '/models')
  assert.equal(second.models.asked.length, 0)
})

for (const [what, login] of [
  ['has ended for good', { tokens: NO_REFRESH_TOKEN }],
  ['was at another issuer', { issuer: 'https://sso.example/realms/before' }],
] as const) {
  test(`a second login that ${what} is begun anew, and does not lead in a circle`, async () => {
    const door = createFrontDoor()
    const second = createSecondDoor(door)
    await begin(second, await withSecondLogin(door, login), '?return_to=/models')
    assert.equal(second.models.asked.length, 1)
  })
}

test('a page whose address is too long for a cookie still gets its second login, and ends at the home', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const second = createSecondDoor(door)
  const found = await door.sessions.find(jar.cookies.get(SESSION_COOKIE))
  assert.ok(found.kind === 'active')
  const page = `/models?q=${'x'.repeat(5000)}`
  jar.take(await startSecondLoginFor(jar.request(page), found.live, page, second.options))
  assert.equal(locationOf(await finish(second, jar)), '/')
})
