// Another application of the realm, which a browser enters without a page because the realm knows it already.
import assert from 'node:assert/strict'
import type { Browser } from '@doorman/dev-realm/browser'
import { challengeOf, createKeycloakClient } from './keycloak-client.ts'
import { addClient } from './keycloak-realm.ts'
import type { KeycloakStage } from './keycloak-stage.ts'

const APPLICATION = { client_id: 'another-application', client_secret: 'another-secret' }
const CALLBACK = 'http://localhost:4999/callback'
const CODE_VERIFIER = 'v'.repeat(50)

export interface OtherApplication {
  /** Its server tells the realm. */
  logOut(): Promise<void>
  /** It sends the browser to the realm. */
  logOutInBrowser(): Promise<void>
}

/** The application is gone when the stage closes. */
export async function enterOtherApplication(
  stage: Pick<KeycloakStage, 'keycloak' | 'putBackLater'>,
  browser: Browser,
): Promise<OtherApplication> {
  const { client_id: clientId, client_secret: secret } = APPLICATION
  stage.putBackLater(await addClient(stage.keycloak, 'main', { clientId, secret, redirectUris: [CALLBACK] }))
  const client = createKeycloakClient(stage.keycloak)
  const query = { client_id: clientId, redirect_uri: CALLBACK, ...challengeOf(CODE_VERIFIER) }
  const answer = await browser.navigate(client.authorizationUrl(query))
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: CODE_VERIFIER }
  const { refresh_token, id_token } = (await client.ask(form, APPLICATION)).body
  assert.ok(refresh_token !== undefined && id_token !== undefined)
  return {
    async logOut() {
      const { status } = await client.post(client.endpoint('logout'), { ...APPLICATION, refresh_token })
      assert.equal(status, 204)
    },
    async logOutInBrowser() {
      const query = new URLSearchParams({ id_token_hint: id_token })
      const { status } = await browser.navigate(`${client.endpoint('logout')}?${query}`)
      assert.equal(status, 200)
    },
  }
}
