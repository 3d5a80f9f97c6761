// Logging out here, at a real Keycloak and in the browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { addSigningKey, nextSecond } from '../support/keycloak-realm.ts'
import { expireTokens, type KeycloakStage, receivedClaims, setKeycloakStage } from '../support/keycloak-stage.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

async function logoutUrl(stage: KeycloakStage, browser: Browser): Promise<string> {
  const user = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  return stage.url(`${user.logout_url}&return_to=/goodbye`)
}

/** Nobody is logged in here, and Keycloak would ask who it is. */
async function assertLoggedOut(stage: KeycloakStage, browser: Browser): Promise<void> {
  assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 401)
  const answers = await browser.follow(stage.url('/auth/login'))
  assert.ok(answers.at(-1)?.url.startsWith(keycloak.url))
}

const answersOfLogout = ({ backchannel }: KeycloakStage) =>
  backchannel.calls.filter(({ endpoint }) => endpoint === 'logout').map(({ status }) => status)
const paths = (answers: readonly BrowserAnswer[]) => answers.map(({ url }) => new URL(url).pathname)

test("a logout ends Keycloak's session, comes back to us, and goes where it wanted to go", async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await stage.loggedIn()
  await browser.fetch(stage.url('/api/x'))
  const { sid } = receivedClaims(stage)
  const answers = await browser.follow(await logoutUrl(stage, browser))
  assert.deepEqual(paths(answers), [
    '/auth/logout',
    '/realms/main/protocol/openid-connect/logout',
    '/auth/logged-out',
    '/goodbye',
  ])
  assert.ok(new URL(answers[1]!.url).searchParams.has('id_token_hint'))
  assert.deepEqual(answersOfLogout(stage), [204])
  await assert.rejects(keycloak.admin.delete(`main/sessions/${sid}`), { code: 'ERR_KEYCLOAK_ADMIN_REFUSED' })
  await assertLoggedOut(stage, browser)
})

test('a logout by fetch gets an address of ours, which leads through Keycloak', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await stage.loggedIn()
  const told = await browser.fetch(stage.url('/auth/logout?return_to=/goodbye'), { method: 'POST' })
  const answers = await browser.follow(stage.url(JSON.parse(told.body).logout_url))
  assert.ok(paths(answers).includes('/realms/main/protocol/openid-connect/logout'))
  assert.equal(answers.at(-1)?.url, stage.url('/goodbye'))
  await assertLoggedOut(stage, browser)
})

test('an ID token that has expired still is a hint, also in a browser that Keycloak does not know', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  await stage.change('main', { accessTokenLifespan: 1 })
  const browser = await stage.loggedIn()
  const url = await logoutUrl(stage, browser)
  for (const name of browser.cookies.names('localhost').filter((each) => /^(KEYCLOAK|AUTH|KC)_/.test(each))) {
    browser.cookies.set('localhost', name, '')
  }
  await nextSecond()
  assert.equal((await browser.follow(url)).at(-1)?.url, stage.url('/goodbye'))
  await assertLoggedOut(stage, browser)
})

test('the hint is the newest ID token: a login signed by a key that has gone can still log out', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const deleteKey = await addSigningKey(keycloak)
  stage.putBackLater(deleteKey)
  const browser = await stage.loggedIn()
  await deleteKey()
  expireTokens(stage)
  await browser.fetch(stage.url('/api/x'))
  assert.equal((await browser.follow(await logoutUrl(stage, browser))).at(-1)?.url, stage.url('/goodbye'))
  await assertLoggedOut(stage, browser)
})
