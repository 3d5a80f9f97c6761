import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { type Outcome, run, stateOf, temporaryFolder } from '../support/command.ts'

const CLIENT_ID = 'init-gateway'
const ITEMS = ['realm', 'redirect URI', 'post-logout redirect URI', 'secret', 'audience']

let keycloak: Keycloak
let id: string
let secret: string

before(async () => {
  keycloak = await useKeycloak()
  const folder = temporaryFolder()
  await init([], {}, folder)
  // What the import dialog sends is the file itself.
  id = await keycloak.admin.post('main/clients', JSON.parse(readFileSync(join(folder, 'client.json'), 'utf8')))
  secret = (await keycloak.admin.get<{ readonly value: string }>(`main/clients/${id}/client-secret`)).value
})
after(async () => {
  await keycloak.admin.delete(`main/clients/${id}`)
  await keycloak.stop()
})

function init(args: readonly string[], env: Record<string, string>, folder = temporaryFolder()): Promise<Outcome> {
  const files = ['-c', join(folder, 'doorman.yaml'), '--client-file', join(folder, 'client.json')]
  return run(['init', '--issuer', keycloak.issuer('main'), '--client-id', CLIENT_ID, ...files, ...args], env)
}

test('an imported client lacks nothing', async () => {
  const { out } = await init([], { KEYCLOAK_CLIENT_SECRET: secret })
  assert.deepEqual(
    ITEMS.map((item) => stateOf(out, item)),
    ITEMS.map(() => 'ok'),
  )
})

test('a realm without the client lacks both redirect URIs and the secret', async () => {
  const { out } = await init(['--client-id', 'nobody'], { KEYCLOAK_CLIENT_SECRET: secret })
  assert.deepEqual(
    ITEMS.map((item) => stateOf(out, item)),
    ['ok', 'LACKS', 'LACKS', 'LACKS', '?'],
  )
})

test('another address of the gateway lacks its redirect URIs', async () => {
  const { out } = await init(['--public-url', 'https://app.example.com'], { KEYCLOAK_CLIENT_SECRET: secret })
  assert.deepEqual(
    ITEMS.map((item) => stateOf(out, item)),
    ['ok', 'LACKS', 'LACKS', 'ok', 'ok'],
  )
})

test('another secret is named', async () => {
  const { out } = await init([], { KEYCLOAK_CLIENT_SECRET: 'another% one' })
  assert.equal(stateOf(out, 'secret'), 'LACKS')
})

test('a client without its audience mapper is named', async () => {
  const mappers = `main/clients/${id}/protocol-mappers/models`
  const [mapper] = await keycloak.admin.get<readonly { readonly id: string }[]>(mappers)
  await keycloak.admin.delete(`${mappers}/${mapper?.id}`)
  const { out } = await init([], { KEYCLOAK_CLIENT_SECRET: secret })
  assert.equal(stateOf(out, 'audience'), 'LACKS')
})
