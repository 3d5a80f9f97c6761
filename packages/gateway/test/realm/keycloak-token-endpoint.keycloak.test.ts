// What the code relies on about Keycloak's token endpoint and no flow of ours shows: notes/keycloak.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { decode } from '../support/flow.ts'
import {
  challengeOf,
  createKeycloakClient,
  DRIVER,
  type Fields,
  type KeycloakClient,
  passwordOf,
  registerClient,
  WEB_GATEWAY,
} from '../support/keycloak-client.ts'
import { changeRealm, nextSecond, userPath } from '../support/keycloak-realm.ts'

let keycloak: Keycloak
let client: KeycloakClient
let putClientBack: () => Promise<void>
const undos: (() => Promise<void>)[] = []
before(async () => {
  keycloak = await useKeycloak()
  client = createKeycloakClient(keycloak)
  putClientBack = await registerClient(keycloak)
})
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo()
})
after(async () => {
  await putClientBack()
  await keycloak.stop()
})

const REFUSED_CLIENTS: readonly (readonly [string, Fields, string])[] = [
  ['a wrong secret', { ...DRIVER, client_secret: 'wrong' }, 'unauthorized_client'],
  ['no secret', { client_id: 'test-driver' }, 'unauthorized_client'],
  ['an unknown client', { ...DRIVER, client_id: 'nobody' }, 'invalid_client'],
  [
    'a disabled client',
    { client_id: 'disabled-client', client_secret: 'disabled-client-test-secret' },
    'invalid_client',
  ],
]

for (const [name, as, error] of REFUSED_CLIENTS) {
  test(`${name} is 401 ${error} without a challenge`, async () => {
    const answer = await client.ask(passwordOf('alice'), as)
    assert.deepEqual([answer.status, answer.body.error], [401, error])
    assert.equal(answer.headers.get('www-authenticate'), null)
  })
}

test('Basic credentials with a raw % are 400 unauthorized_client', async () => {
  const authorization = `Basic ${Buffer.from('test-driver:100%zz').toString('base64')}`
  const answer = await client.post(client.endpoint('token'), passwordOf('alice'), { authorization })
  assert.deepEqual([answer.status, answer.body.error], [400, 'unauthorized_client'])
})

test('a realm that does not exist is 404, a disabled one 403 while its discovery is 200', async () => {
  assert.equal((await client.post(client.endpoint('token', 'nowhere'), DRIVER)).status, 404)
  undos.push(await changeRealm(keycloak, 'main', { enabled: false }))
  const answer = await client.ask(passwordOf('alice'))
  assert.deepEqual([answer.status, answer.body.error], [403, 'access_denied'])
  assert.equal((await fetch(`${keycloak.issuer('main')}/.well-known/openid-configuration`)).status, 200)
})

test('a foreign Origin is 403', async () => {
  const answer = await client.post(
    client.endpoint('token'),
    { ...DRIVER, ...passwordOf('alice') },
    { origin: 'https://evil.example' },
  )
  assert.deepEqual([answer.status, answer.body.error], [403, 'Invalid origin'])
})

test('a parameter sent twice is 400 invalid_request, after the client was authenticated', async () => {
  const twice = (client: Fields) =>
    `${new URLSearchParams({ ...client, ...passwordOf('alice') })}&scope=openid&scope=email`
  const answer = await client.post(client.endpoint('token'), twice(DRIVER))
  assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'])
  assert.equal((await client.post(client.endpoint('token'), twice({ ...DRIVER, client_secret: 'wrong' }))).status, 401)
})

test('a wrong verifier spends the code, a wrong secret does not', async () => {
  const { redemption } = await client.obtainCode()
  assert.equal((await client.ask(redemption, { ...WEB_GATEWAY, client_secret: 'wrong' })).status, 401)
  const wrong = await client.ask({ ...redemption, code_verifier: randomBytes(32).toString('base64url') }, WEB_GATEWAY)
  assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_grant'])
  assert.equal((await client.ask(redemption, WEB_GATEWAY)).status, 400)
})

test('a code sent twice kills the tokens of the first time', async () => {
  const { redemption } = await client.obtainCode()
  const first = await client.ask(redemption, WEB_GATEWAY)
  assert.equal(first.status, 200)
  const second = await client.ask(redemption, WEB_GATEWAY)
  assert.deepEqual([second.status, second.body.error], [400, 'invalid_grant'])
  assert.equal((await client.refresh(first.body.refresh_token, WEB_GATEWAY)).body.error, 'invalid_grant')
})

test('what is no refresh token of this client is 400 invalid_grant, and the session is unharmed', async () => {
  const tokens = await client.logIn()
  const [head, claims] = tokens.refresh_token!.split('.')
  const strangers = ['rubbish', tokens.access_token, `${head}.${claims}.${'A'.repeat(86)}`]
  for (const token of strangers) assert.equal((await client.refresh(token)).body.error, 'invalid_grant')
  assert.equal((await client.refresh(tokens.refresh_token, WEB_GATEWAY)).body.error, 'invalid_grant')
  assert.equal((await client.refresh(tokens.refresh_token)).status, 200)
})

test('a refresh is refused while the user is disabled and works again afterwards', async () => {
  const { refresh_token } = await client.logIn()
  const enable = await changeRealm(keycloak, userPath('alice'), { enabled: false })
  const { body } = await client.refresh(refresh_token)
  await enable()
  assert.deepEqual([body.error, body.error_description], ['invalid_grant', 'User disabled'])
  assert.equal((await client.refresh(refresh_token)).status, 200)
})

test('a refresh brings an ID token without a nonce', async () => {
  const { body } = await client.refresh((await client.logIn()).refresh_token)
  assert.equal(decode(body.id_token!).typ, 'ID')
  assert.equal(decode(body.id_token!).nonce, undefined)
})

/** One session: r0 has become r1, and it is a later second. */
async function nextGeneration() {
  const { refresh_token: r0 } = await client.logIn()
  await nextSecond()
  const { refresh_token: r1 } = (await client.refresh(r0)).body
  await nextSecond()
  return { r0, r1 }
}

const setRotation = async (revokeRefreshToken: boolean, refreshTokenMaxReuse: number) =>
  undos.push(await changeRealm(keycloak, 'main', { revokeRefreshToken, refreshTokenMaxReuse }))

async function severalAtOnce() {
  const { refresh_token } = await client.logIn()
  await nextSecond()
  const answers = await Promise.all(Array.from({ length: 4 }, () => client.refresh(refresh_token)))
  const won = answers.filter(({ status }) => status === 200)
  return { won: won.length, alive: (await client.refresh(won[0]?.body.refresh_token)).status === 200 }
}

test('rotation off: an old refresh token goes on, and so does the new one', async () => {
  const { r0, r1 } = await nextGeneration()
  assert.equal((await client.refresh(r0)).status, 200)
  assert.equal((await client.refresh(r1)).status, 200)
  assert.deepEqual(await severalAtOnce(), { won: 4, alive: true })
})

test('rotation on, no reuse: the old refresh token is refused and takes the newest with it', async () => {
  await setRotation(true, 0)
  const { r0, r1 } = await nextGeneration()
  const reused = await client.refresh(r0)
  assert.equal(reused.body.error, 'invalid_grant')
  assert.equal(reused.body.error_description, 'Maximum allowed refresh token reuse exceeded')
  const newest = await client.refresh(r1)
  assert.equal(newest.body.error, 'invalid_grant')
  assert.equal(newest.body.error_description, "Session doesn't have required client")
  assert.deepEqual(await severalAtOnce(), { won: 1, alive: false })
})

/** A browser that has logged in, and its tokens, which Keycloak has taken back because the first one was used twice. */
async function loseTokens() {
  await setRotation(true, 0)
  const { browser, redemption } = await client.obtainCode()
  const { refresh_token: r0 } = (await client.ask(redemption, WEB_GATEWAY)).body
  await nextSecond()
  const { refresh_token: r1 } = (await client.refresh(r0, WEB_GATEWAY)).body
  await nextSecond()
  assert.equal((await client.refresh(r0, WEB_GATEWAY)).status, 400)
  assert.equal((await client.refresh(r1, WEB_GATEWAY)).status, 400)
  const verifier = 'v'.repeat(43)
  const url = client.authorizationUrl({ ...challengeOf(verifier), prompt: 'none' })
  const logInSilently = async () => new URL((await browser.navigate(url)).headers.get('location') ?? '').searchParams
  const redeem = (code: string) => client.ask({ ...redemption, code, code_verifier: verifier }, WEB_GATEWAY)
  return { r0, r1, logInSilently, redeem }
}

test('tokens taken back for their reuse leave the login at Keycloak: a silent one works, and what is older stays taken back', async () => {
  const { r1, logInSilently, redeem } = await loseTokens()
  // A token of the second before the new login would be good again: Keycloak allows for its clock.
  await nextSecond()
  const { refresh_token } = (await redeem((await logInSilently()).get('code') ?? '')).body
  await nextSecond()
  assert.equal((await client.refresh(refresh_token, WEB_GATEWAY)).status, 200)
  const { error, error_description } = (await client.refresh(r1, WEB_GATEWAY)).body
  assert.equal(error, 'invalid_grant')
  assert.equal(error_description, 'refresh token issued before the client session started')
})

test('a logout with a refresh token that was taken back is 204, and ends the login at Keycloak', async () => {
  const { r0 = '', logInSilently } = await loseTokens()
  assert.equal((await client.post(client.endpoint('logout'), { ...WEB_GATEWAY, refresh_token: r0 })).status, 204)
  assert.equal((await logInSilently()).get('error'), 'login_required')
})

test('a silent login of somebody who was disabled meanwhile is login_required', async () => {
  const { logInSilently } = await loseTokens()
  undos.push(await changeRealm(keycloak, userPath('alice'), { enabled: false }))
  assert.equal((await logInSilently()).get('error'), 'login_required')
})

test('rotation on, one reuse: the old refresh token goes on once', async () => {
  await setRotation(true, 1)
  const { r0 } = await nextGeneration()
  const repeated = await client.refresh(r0)
  assert.equal(repeated.status, 200)
  assert.equal((await client.refresh(r0)).body.error, 'invalid_grant')
  assert.equal((await client.refresh(repeated.body.refresh_token)).body.error, 'invalid_grant')
  assert.deepEqual(await severalAtOnce(), { won: 2, alive: false })
})

test('a refresh token two generations old kills all', async () => {
  await setRotation(true, 1)
  const { r0, r1 } = await nextGeneration()
  const { refresh_token: r2 } = (await client.refresh(r1)).body
  await nextSecond()
  assert.equal((await client.refresh(r0)).body.error_description, 'Stale token')
  assert.equal((await client.refresh(r2)).body.error, 'invalid_grant')
})

test('a logout with the refresh token is 204, twice, and ends the session', async () => {
  const { refresh_token = '' } = await client.logIn()
  for (let time = 1; time <= 2; time += 1) {
    assert.equal((await client.post(client.endpoint('logout'), { ...DRIVER, refresh_token })).status, 204)
  }
  assert.equal((await client.refresh(refresh_token)).body.error_description, 'Session not active')
})
