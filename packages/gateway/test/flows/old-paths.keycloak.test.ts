// A client whose redirect URI was registered for another gateway, outside `/auth`.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { clientPath } from '../support/keycloak-realm.ts'
import { setKeycloakStage, WEB_GATEWAY } from '../support/keycloak-stage.ts'
import { FROM_OWN_PAGE, sectionsOf } from '../support/old-contracts.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

test('Keycloak sends people to the old redirect URI, and an old logout by GET ends its session, too', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, {
    config: sectionsOf('fastapi-gateway', ['endpoints']),
    prepare: async (publicUrl, { change }) => {
      const client = await clientPath(keycloak, WEB_GATEWAY.clientId)
      await change(client, { redirectUris: [`${publicUrl}/callback`] })
    },
  })
  const browser = stage.browser()
  const answers = await stage.logIn(browser, '/login')
  assert.ok(answers.some(({ url }) => url.startsWith(stage.url('/callback?'))))
  assert.equal(JSON.parse((await browser.fetch(stage.url('/api/me'))).body).preferred_username, 'alice')
  const left = await browser.follow(stage.url('/logout'), FROM_OWN_PAGE)
  assert.equal(left.at(-1)?.url, stage.url('/'))
  assert.equal((await browser.fetch(stage.url('/profile'))).status, 401)
  const asked = (await browser.follow(stage.url('/login'))).at(-1)
  assert.ok(asked !== undefined && findLoginForm(asked) !== undefined, 'Keycloak asks who it is')
})
