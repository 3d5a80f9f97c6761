// The gateway's own secret is rotated at a real Keycloak and in its file, in either order: nobody is logged out, and
// nothing is restarted.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { assertLaterWithSession, eventsOf } from '../support/flow.ts'
import { addClient, clientPath } from '../support/keycloak-realm.ts'
import { expireTokens, type KeycloakStage, setKeycloakStage } from '../support/keycloak-stage.ts'

const REPEATED_AFTER_SECONDS = 10
const FIRST_SECRET = 'the-first-secret-of-a-test'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

async function setStage(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-client-secret-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'secret')
  const write = (secret: string) => writeFileSync(file, `${secret}\n`)
  write(FIRST_SECRET)
  const clientId = 'client-with-a-file'
  const representation = { clientId, secret: FIRST_SECRET, redirectUris: ['http://localhost/*'] }
  const removeClient = await addClient(keycloak, 'main', representation)
  const stage = await setKeycloakStage(t, keycloak, {
    client: { clientId, clientAuth: `{ secret: "\${file:${file}}" }` },
  })
  t.after(removeClient)
  const regenerate = async () => {
    const path = await clientPath(keycloak, clientId)
    const { value } = await keycloak.admin.post<{ readonly value: string }>(`${path}/client-secret`)
    return value
  }
  return { stage, write, regenerate }
}

async function renewedStatus(stage: KeycloakStage, browser: Awaited<ReturnType<KeycloakStage['loggedIn']>>) {
  expireTokens(stage)
  return browser.fetch(stage.url('/api/x'))
}

test('a secret that Keycloak has replaced is taken from the file as soon as it stands there', async (t) => {
  const { stage, write, regenerate } = await setStage(t)
  const browser = await stage.loggedIn()
  const secret = await regenerate()
  assertLaterWithSession(await renewedStatus(stage, browser))
  write(secret)
  // A renewal that failed is not repeated at once.
  stage.clock.advance(REPEATED_AFTER_SECONDS)
  assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
  assert.equal((await renewedStatus(stage, browser)).status, 200)
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
})

test('a file that is ahead of Keycloak keeps nobody from a renewal or a login', async (t) => {
  const { stage, write } = await setStage(t)
  const browser = await stage.loggedIn()
  write('a-secret-that-keycloak-does-not-know-yet')
  assert.equal((await renewedStatus(stage, browser)).status, 200)
  assert.equal((await renewedStatus(stage, browser)).status, 200)
  const other = await stage.loggedIn('bob')
  assert.equal((await other.fetch(stage.url('/api/x'))).status, 200)
})
