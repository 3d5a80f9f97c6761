// An empty realm, one file, `doorman bootstrap` and `doorman apply`: and the gateway logs people in, exchanges, refreshes
// and is logged out by the back channel, with nothing clicked by hand.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createBrowser } from '@doorman/dev-realm/browser'
import { KEYCLOAK_ADMIN, type Keycloak } from '@doorman/dev-realm/keycloak'
import { type Gateway, loadConfig, openGateway } from '@doorman/gateway'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { findFreePort } from '../../../gateway/test/support/servers/free-port.ts'
import { createTestUpstream, type TestUpstream } from '../../../gateway/test/support/test-upstream.ts'
import { run, temporaryFolder, writeConfig } from '../support/command.ts'

const PERSON = { username: 'vera', password: 'vera-test-password' }
const realm = `from-nothing-${randomBytes(4).toString('hex')}`
const folder = temporaryFolder()
const inFolder = (name: string) => join(folder, name)

let keycloak: Keycloak
let upstream: TestUpstream
let gateway: Gateway
let publicUrl: string
let file: string
let env: Readonly<Record<string, string>>

function buildConfig(): string {
  return `
publicUrl: ${publicUrl}
listen: ${new URL(publicUrl).host}
operator: { listen: 127.0.0.1:0 }
session: { store: "sqlite:doorman.db" }
keys: ["\${file:keys}"]
realms:
  main:
    issuer: ${keycloak.issuer(realm)}
    clientId: web-gateway
    clientAuth: { secret: "\${file:web-gateway.secret}" }
services:
  reports: { url: "${upstream.origin}", credential: accessToken }
  billing: { url: "${upstream.origin}", credential: { exchange: { audience: billing } } }
routes:
  - { path: "/reports/*", service: reports, require: { roles: [reader] } }
  - { path: "/billing/*", service: billing, require: { login: true } }
provision:
  owner: from-nothing
  realms:
    main: { credential: { clientId: provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } } }
clients:
  web-gateway:
    deliver: [{ file: ./web-gateway.secret, template: "{{clientSecret}}" }]
  mlflow:
    preset: web
    redirectUris: ["https://mlflow.example.com/callback"]
    deliver: [{ envFile: ./mlflow.env, shape: mlflow }]
  collector:
    deliver: [{ envFile: ./collector.env, shape: otel }]
`
}

async function addPerson(): Promise<void> {
  const id = await keycloak.admin.post<string>(`${realm}/users`, {
    username: PERSON.username,
    enabled: true,
    email: 'vera@example.com',
    firstName: 'Vera',
    lastName: 'Example',
    emailVerified: true,
    credentials: [{ type: 'password', value: PERSON.password }],
  })
  const role = await keycloak.admin.get(`${realm}/roles/reader`)
  await keycloak.admin.post(`${realm}/users/${id}/role-mappings/realm`, [role])
}

function claimsReceived(): Readonly<Record<string, unknown>> {
  const token = upstream.received.at(-1)?.headers.authorization?.split('.')[1] ?? ''
  return JSON.parse(Buffer.from(token, 'base64url').toString())
}

before(async () => {
  keycloak = await useKeycloak()
  upstream = await createTestUpstream()
  publicUrl = `http://localhost:${await findFreePort()}`
  await keycloak.admin.post('', { realm, enabled: true, accessTokenLifespan: 60 })
  file = writeConfig(buildConfig(), folder)
})

after(async () => {
  await gateway?.close()
  await upstream.close()
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

test('an administrator makes the account that does the rest, once', async () => {
  const secretFile = inFolder('provisioner.env')
  const args = ['bootstrap', '-c', file, '--realm', 'main', '--client-id', 'provisioner', '--admin-user', 'admin']
  const outcome = await run([...args, '--out', secretFile], { DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password })
  assert.equal(outcome.exitCode, 0, outcome.err)
  const secret = /^DOORMAN_PROVISION_SECRET=(.+)$/m.exec(readFileSync(secretFile, 'utf8'))?.[1]
  assert.ok(secret !== undefined)
  assert.ok(!`${outcome.out}${outcome.err}`.includes(secret))
  env = { DOORMAN_PROVISION_SECRET: secret }
})

test('a plan says what is missing, and changes nothing', async () => {
  assert.equal((await run(['plan', '-c', file], env)).exitCode, 2)
  const clients = await keycloak.admin.get<readonly { readonly clientId: string }[]>(`${realm}/clients`)
  assert.ok(!clients.some(({ clientId }) => clientId === 'web-gateway'))
})

test('apply makes it so and delivers the secrets; then everything is in sync', async () => {
  const applied = await run(['apply', '-c', file], env)
  assert.equal(applied.exitCode, 0, applied.err)
  assert.ok(existsSync(inFolder('web-gateway.secret')))
  assert.match(readFileSync(inFolder('mlflow.env'), 'utf8'), /^OIDC_CLIENT_SECRET=./m)
  const planned = await run(['plan', '-c', file], env)
  assert.equal(planned.exitCode, 0, planned.out)
  assert.equal((await run(['check', '-c', file], env)).exitCode, 0)
})

test('a consumer gets a token with what it was given', async () => {
  const env = Object.fromEntries(
    [...readFileSync(inFolder('collector.env'), 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  assert.deepEqual(Object.keys(env).sort(), ['KEYCLOAK_TOKEN_URL', 'MLFLOW_CLIENT_ID', 'MLFLOW_CLIENT_SECRET'])
  const response = await fetch(env.KEYCLOAK_TOKEN_URL, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: env.MLFLOW_CLIENT_ID,
      client_secret: env.MLFLOW_CLIENT_SECRET,
    }),
  })
  assert.equal(response.status, 200)
})

test('the gateway runs on it: a login, a role, an exchange, a renewal, and the end by the back channel', async () => {
  await addPerson()
  gateway = await openGateway(loadConfig(file, env), { logLevel: 'error' })
  const browser = createBrowser()
  await browser.logIn(`${publicUrl}/auth/login`, PERSON)
  assert.equal((await browser.fetch(`${publicUrl}/reports/x`)).status, 200)
  assert.ok([claimsReceived().aud].flat().includes('reports'))
  assert.equal((await browser.fetch(`${publicUrl}/billing/x`)).status, 200)
  assert.ok([claimsReceived().aud].flat().includes('billing'))
  const refreshed = await browser.fetch(`${publicUrl}/auth/refresh`, { method: 'POST', headers: { 'x-doorman': '1' } })
  assert.equal(refreshed.status, 200)

  const ended = new Promise<string>((resolve) => {
    gateway.events.subscribe((event) => {
      if (event.kind === 'session.ended') resolve(event.by)
    })
  })
  const [person] = await keycloak.admin.get<readonly { readonly id: string }[]>(`${realm}/users?username=vera`)
  await keycloak.admin.post(`${realm}/users/${person?.id}/logout`)
  assert.equal(await ended, 'back-channel')
  assert.equal((await browser.fetch(`${publicUrl}/reports/x`)).status, 401)
})

test('what somebody changes by hand is found by its name, and put right', async () => {
  const [client] = await keycloak.admin.get<readonly { readonly id: string }[]>(`${realm}/clients?clientId=web-gateway`)
  await keycloak.admin.merge(`${realm}/clients/${client?.id}`, { redirectUris: ['https://elsewhere.example/*'] })
  const drift = await run(['drift', '-c', file, '--json'], env)
  assert.equal(drift.exitCode, 2)
  assert.match(drift.out, /web-gateway/)
  assert.match(drift.out, /redirectUris/)
  assert.equal((await run(['apply', '-c', file], env)).exitCode, 0)
  assert.equal((await run(['drift', '-c', file], env)).exitCode, 0)
})
