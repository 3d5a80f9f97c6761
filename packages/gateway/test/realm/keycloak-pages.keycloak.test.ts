// What the code relies on about Keycloak's pages and documents and no flow of ours shows: notes/keycloak.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { createBrowser, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { decode } from '../support/flow.ts'
import {
  challengeOf,
  createKeycloakClient,
  type Fields,
  type KeycloakClient,
  LOGGED_OUT_URI,
  registerClient,
  WEB_GATEWAY,
} from '../support/keycloak-client.ts'
import { addSigningKey } from '../support/keycloak-realm.ts'

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

test('a logout redirect that is not registered, lacks the hint, or has the hint of a deleted key is a 400 page', async () => {
  const deleteKey = await addSigningKey(keycloak)
  undos.push(deleteKey)
  const { browser, redemption } = await client.obtainCode()
  const { id_token: hint = '' } = (await client.ask(redemption, WEB_GATEWAY)).body
  const statusOf = async (form: Fields) =>
    (await browser.navigate(`${client.endpoint('logout')}?${new URLSearchParams(form)}`)).status
  assert.equal(
    await statusOf({ id_token_hint: hint, post_logout_redirect_uri: 'http://localhost:4000/elsewhere' }),
    400,
  )
  assert.equal(await statusOf({ post_logout_redirect_uri: LOGGED_OUT_URI }), 400)
  await deleteKey()
  assert.equal(await statusOf({ id_token_hint: hint, post_logout_redirect_uri: LOGGED_OUT_URI }), 400)
})

test("in another person's browser a logout is a question, and ends nothing", async () => {
  const alice = await client.obtainCode('alice')
  const tokens = (await client.ask(alice.redemption, WEB_GATEWAY)).body
  const bob = await client.obtainCode('bob')
  const form = { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: LOGGED_OUT_URI }
  const page = await bob.browser.navigate(`${client.endpoint('logout')}?${new URLSearchParams(form)}`)
  assert.equal(page.status, 200)
  assert.equal((await client.refresh(tokens.refresh_token, WEB_GATEWAY)).status, 200)
})

function essentialAcr(value: string): Fields {
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [value] } } }) }
}

test('an essential acr without a step-up flow is answered with a lower one', async () => {
  const { redemption } = await client.obtainCode('alice', essentialAcr('gold'))
  assert.equal(decode((await client.ask(redemption, WEB_GATEWAY)).body.id_token!).acr, 'silver')
})

const PAGES: readonly (readonly [string, Fields, number])[] = [
  ['an unknown client', { client_id: 'nobody' }, 400],
  ['a disabled client', { client_id: 'disabled-client' }, 400],
  ['a redirect URI that is not registered', { redirect_uri: 'http://localhost:4000/elsewhere' }, 400],
  ["an essential acr that is not in the client's mapping", essentialAcr('platinum'), 400],
  ['an unknown prompt', { prompt: 'whatever' }, 200],
  ['an unknown identity provider', { kc_idp_hint: 'nobody' }, 200],
  ['an unknown acr_values', { acr_values: 'platinum' }, 200],
]

for (const [name, parameters, status] of PAGES) {
  test(`an authorization request with ${name} is ${status === 400 ? 'an error page' : 'the login page'}`, async () => {
    const page = await createBrowser().navigate(
      client.authorizationUrl({ ...challengeOf('any verifier'), ...parameters }),
    )
    assert.equal(page.status, status)
    assert.equal(findLoginForm(page) !== undefined, status === 200)
  })
}

test('keys and metadata name no time to keep them', async () => {
  const certs = await fetch(client.endpoint('certs'))
  const metadata = await fetch(`${keycloak.issuer('main')}/.well-known/openid-configuration`)
  assert.match(certs.headers.get('cache-control') ?? '', /no-cache/)
  assert.match(metadata.headers.get('cache-control') ?? '', /no-store/)
  assert.deepEqual([certs.headers.get('etag'), metadata.headers.get('etag')], [null, null])
})
