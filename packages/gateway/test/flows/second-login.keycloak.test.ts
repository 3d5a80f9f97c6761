// A login at the second realm of a real Keycloak, which takes its people from the first, and hints at identity providers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { decode, eventsOf, problemCode, sessionId, statusOf, userOf } from '../support/flow.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { clientPath } from '../support/keycloak-realm.ts'
import { expireTokens, setKeycloakStage } from '../support/keycloak-stage.ts'
import { tokenSent } from '../support/pair-stage.ts'

const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

/** The realms whose forms somebody would have to fill in. */
function askingRealms(answers: readonly BrowserAnswer[]): readonly (string | undefined)[] {
  const pages = answers.filter((answer) => findLoginForm(answer) !== undefined)
  return [...new Set(pages.map(({ url }) => new URL(url).pathname.split('/')[2]))]
}

/** Logged in to both realms; the claims the service of the second one got. */
async function loggedInTwice(stage: KeycloakPair): Promise<readonly [Browser, Readonly<Record<string, unknown>>]> {
  const alice = await stage.loggedIn()
  const answers = await alice.follow(stage.url('/models/x'))
  assert.equal(answers.at(-1)?.status, 200)
  assert.deepEqual(askingRealms(answers), [])
  return [alice, decode(tokenSent(stage) ?? '')]
}

test('a page goes by the second realm and back without a form, and nothing changes about who is logged in', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  const [before, id] = [await userOf(stage, alice), sessionId(stage, alice)]
  const refused = await alice.fetch(stage.url('/models/x'))
  assert.deepEqual([refused.status, problemCode(refused)], [401, 'second_login_required'])
  const answers = await alice.follow(stage.url('/models/deep?q=1'))
  assert.deepEqual(askingRealms(answers), [])
  assert.ok(answers.some(({ url }) => url.includes('/realms/models/broker/main/endpoint')))
  assert.equal(answers.at(-1)?.url, stage.url('/models/deep?q=1'))
  const { sub, iss } = decode(tokenSent(stage) ?? '')
  assert.deepEqual([sub, iss], [ALICE_OF_MODELS, keycloak.issuer('models')])
  const after = await userOf(stage, alice)
  for (const member of ['id', 'name', 'roles']) assert.deepEqual(after[member], before[member])
  assert.equal(sessionId(stage, alice), id)
  assert.equal(await statusOf(stage, alice, '/models/again'), 200)
})

test('whoever has no session at all logs in once, to the first realm, and has both', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const browser = stage.browser()
  const answers = await stage.logIn(browser, '/models/deep')
  assert.deepEqual(askingRealms(answers), ['main'])
  assert.equal(answers.at(-1)?.url, stage.url('/models/deep'))
  assert.equal(answers.at(-1)?.status, 200)
  assert.deepEqual(
    eventsOf(stage, 'login.finished').map(({ realm }) => realm),
    ['main', 'models'],
  )
})

test('a second login that was ended at its realm is asked for anew, and the first goes on', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const [alice, { sid }] = await loggedInTwice(stage)
  await keycloak.admin.delete(`models/sessions/${sid}`)
  assert.equal(await statusOf(stage, alice, '/models/x'), 200)
  expireTokens(stage)
  const refused = await alice.fetch(stage.url('/models/x'))
  assert.deepEqual([refused.status, problemCode(refused)], [401, 'second_login_required'])
  assert.equal(await statusOf(stage, alice, '/reports/x'), 200)
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  assert.notEqual(decode(tokenSent(stage) ?? '').sid, sid)
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
})

test('a logout ends the second login with the first, here and at Keycloak', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const [alice, { sid }] = await loggedInTwice(stage)
  const { logout_url: logoutUrl } = await userOf(stage, alice)
  await alice.follow(stage.url(String(logoutUrl)))
  await assert.rejects(keycloak.admin.delete(`models/sessions/${sid}`), { code: 'ERR_KEYCLOAK_ADMIN_REFUSED' })
  const refused = await alice.fetch(stage.url('/models/x'))
  assert.deepEqual([refused.status, problemCode(refused)], [401, 'login_required'])
  assert.deepEqual(askingRealms(await alice.follow(stage.url('/models/x'))), ['main'])
})

test('a second realm that is disabled: its page is told so, and the first login goes on', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const [alice] = await loggedInTwice(stage)
  const putBack = await stage.change('models', { enabled: false })
  expireTokens(stage)
  const answer = await alice.fetch(stage.url('/models/x'))
  assert.deepEqual([answer.status, problemCode(answer)], [503, 'temporarily_unavailable'])
  assert.equal(await statusOf(stage, alice, '/reports/x'), 200)
  await putBack()
  stage.clock.advance(5)
  assert.equal(await statusOf(stage, alice, '/models/x'), 200)
})

const PARTNERS = `
  partners:
    issuer: "\${MODELS}"
    backchannelUrl: "\${MODELS_BACK}"
    clientId: model-gateway
    clientAuth: { secret: model-gateway-test-secret }
`

test('kc_idp_hint goes straight to the identity provider it names; others than those allowed are refused', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, {
    realms: PARTNERS,
    config: 'login: { parameters: { kc_idp_hint: [main] } }',
    async prepare(publicUrl, realm) {
      const redirectUris = [`${publicUrl}/auth/callback/partners`]
      await realm.change(await clientPath(keycloak, 'model-gateway', 'models'), { redirectUris })
    },
  })
  const login = '/auth/login/partners?return_to=/welcome'
  assert.deepEqual(askingRealms(await stage.browser().follow(stage.url(login))), ['models'])
  const answers = await stage.logIn(stage.browser(), `${login}&kc_idp_hint=main`)
  assert.deepEqual(askingRealms(answers), ['main'])
  assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
  const [finished] = eventsOf(stage, 'login.finished')
  assert.deepEqual([finished?.realm, finished?.subject], ['partners', ALICE_OF_MODELS])
  assert.equal((await stage.browser().navigate(stage.url(`${login}&kc_idp_hint=other`))).status, 400)
})
