import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  findKeycloakPort,
  type Keycloak,
  KeycloakError,
  setGatewayUrls,
  startKeycloak,
} from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'

interface Client {
  readonly id: string
  readonly secret: string
  readonly redirectUris: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
}

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

async function askToken(form: Record<string, string>): Promise<Response> {
  const client = { client_id: 'test-driver', client_secret: 'test-driver-test-secret', scope: 'openid' }
  const body = new URLSearchParams({ ...client, ...form })
  return fetch(`${keycloak.issuer('main')}/protocol/openid-connect/token`, { method: 'POST', body })
}

async function loginOf(username: string): Promise<Response> {
  return askToken({ grant_type: 'password', username, password: `${username}-test-password` })
}

test('both realms say who they are', async () => {
  for (const realm of ['main', 'models']) {
    const response = await fetch(`${keycloak.issuer(realm)}/.well-known/openid-configuration`)
    assert.equal(((await response.json()) as { issuer: string }).issuer, keycloak.issuer(realm))
  }
})

test('alice, bob and carol can log in, dave is disabled', async () => {
  const answers = await Promise.all(['alice', 'bob', 'carol', 'dave'].map(loginOf))
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200, 400],
  )
})

test('a client learns where its gateway is and keeps its secret', async () => {
  const query = 'main/clients?clientId=other-gateway'
  const [old] = await keycloak.admin.get<readonly Client[]>(query)
  await setGatewayUrls(keycloak.admin, {
    realm: 'main',
    clientId: 'other-gateway',
    gatewayUrl: 'http://localhost:4999',
  })
  const [client] = await keycloak.admin.get<readonly Client[]>(query)
  assert.deepEqual(client!.redirectUris, ['http://localhost:4999/auth/callback'])
  assert.equal(client!.attributes['post.logout.redirect.uris'], 'http://localhost:4999/auth/logged-out')
  assert.equal(client!.attributes['backchannel.logout.url'], 'http://localhost:4999/auth/backchannel-logout')
  assert.equal(client!.secret, old!.secret)
  await keycloak.admin.put(`main/clients/${old!.id}`, old)
})

test('a client that does not exist is named', async () => {
  const unknown = { realm: 'main', clientId: 'nobody', gatewayUrl: 'http://localhost:4999' }
  await assert.rejects(setGatewayUrls(keycloak.admin, unknown), { code: 'ERR_KEYCLOAK_ADMIN_REFUSED' })
})

test('a taken port is named', async () => {
  const port = Number(new URL(keycloak.url).port)
  await assert.rejects(
    startKeycloak({ port, onProgress: () => undefined }),
    (error) =>
      error instanceof KeycloakError &&
      error.code === 'ERR_KEYCLOAK_PORT_TAKEN' &&
      error.message.includes(String(port)),
  )
})

test('a killed server is gone, and started again it still knows a refresh token', async () => {
  const { refresh_token } = (await (await loginOf('alice')).json()) as { refresh_token: string }
  await keycloak.kill()
  await assert.rejects(askToken({ grant_type: 'refresh_token', refresh_token }))
  assert.notEqual(await findKeycloakPort(), Number(new URL(keycloak.url).port), 'nobody else takes its place')
  await keycloak.restart()
  assert.equal((await askToken({ grant_type: 'refresh_token', refresh_token })).status, 200)
})
