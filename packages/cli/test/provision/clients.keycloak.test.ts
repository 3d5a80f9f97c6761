// Each way of writing an entry of `clients`, and a gateway that signs: Keycloak takes it, keeps it as it was written, and
// its tokens are as the entry says.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Gateway, loadConfig, openGateway } from '@doorman/gateway'
import { findFreePort } from '../../../gateway/test/support/servers/free-port.ts'
import { createTestUpstream, type TestUpstream } from '../../../gateway/test/support/test-upstream.ts'
import { type Account, createTestRealm, type TestRealm } from '../../../provision/test/support/provisioner.ts'
import { run, temporaryFolder, writeConfig } from '../support/command.ts'

const ROLES = ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers']

const folder = temporaryFolder()
let realm: TestRealm
let account: Account
let upstream: TestUpstream
let publicUrl: string
let file: string

function pemOf(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

const ENV = { KEY: pemOf('prime256v1'), OTHER_KEY: pemOf('secp384r1') }

function buildConfig(): string {
  return `
publicUrl: ${publicUrl}
listen: ${new URL(publicUrl).host}
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:
  main:
    issuer: ${realm.issuer}
    clientId: web-gateway
    clientAuth: { privateKey: "\${KEY}", algorithm: ES256 }
    scopes: [openid, profile, "organization:*", offline_access, reports-read]
  machines:
    issuer: ${realm.issuer}
    clientId: machine-gateway
    clientAuth: { privateKey: "\${OTHER_KEY}", algorithm: ES384, keyId: first }
    obtain: clientCredentials
services:
  reports: { url: "${upstream.origin}", credential: serviceAccount }
  plant: { url: "${upstream.origin}", credential: { realm: machines } }
routes:
  - { path: "/reports/*", service: reports, require: none }
  - { path: "/plant/*", service: plant, require: none }
provision:
  owner: clients
  realms:
    main: { credential: { clientId: ${account.clientId}, clientAuth: { secret: "${account.secret}" } } }
clients:
  web-gateway:
    description: the door
    lifetimes: { sessionIdle: 20m }
    roles: [porter]
  reports: { roles: [read, write] }
  plain: {}
  worker:
    name: A worker
    description: Works at night
    audiences: [reports, plant]
    serviceAccountRoles: { realm: [operator], clients: { reports: [read] } }
    lifetimes: { accessToken: 10m }
    rotate: 30d
  portal:
    preset: web
    redirectUris: [https://portal.example.com/callback, "https://portal.example.com/silent*"]
    postLogoutRedirectUris: [https://portal.example.com/, https://portal.example.com/bye]
    backchannelLogoutUrl: https://portal.example.com/backchannel
    webOrigins: [+]
    lifetimes: { accessToken: 1m, sessionIdle: 30m, sessionMax: 8h }
    scopes: { default: [basic, profile, roles], optional: [email, phone] }
    mappers:
      groups: { type: oidc-group-membership-mapper, config: { claim.name: groups, full.path: false, access.token.claim: true, id.token.claim: true } }
  page:
    preset: spa
    redirectUris: [https://page.example.com/callback, com.example.page:/callback]
  signed: { auth: { privateKey: { jwksUrl: https://signed.example.com/jwks.json } } }
  pod: { auth: { kubernetes: { identityProvider: cluster, subject: "system:serviceaccount:shop:pod" } } }
  audience: { preset: bearer, enabled: false }
  old: { directAccessGrants: true }
  "spiffe://example.com/sa/agent": { preset: service }
`
}

before(async () => {
  realm = await createTestRealm()
  account = await realm.createAccount(ROLES)
  upstream = await createTestUpstream()
  publicUrl = `http://localhost:${await findFreePort()}`
  file = writeConfig(buildConfig(), folder)
})

after(async () => {
  await upstream.close()
  await realm.close()
})

interface Client {
  readonly secret: string
  readonly webOrigins: readonly string[]
  readonly defaultClientScopes: readonly string[]
}

async function read(clientId: string): Promise<Client> {
  const [client] = await realm.get<readonly Client[]>(`clients?clientId=${encodeURIComponent(clientId)}`)
  assert.ok(client !== undefined)
  return client
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

test('one apply makes them, and Keycloak keeps them as they were written', async () => {
  const applied = await run(['apply', '-c', file], ENV)
  assert.equal(applied.exitCode, 0, applied.err)
  const planned = await run(['plan', '-c', file], ENV)
  assert.equal(planned.exitCode, 0, planned.out)
})

test('a service has a token with the audiences, roles and lifetime of its entry', async () => {
  const { secret } = await read('worker')
  const form = { grant_type: 'client_credentials', client_id: 'worker', client_secret: secret }
  const response = await fetch(`${realm.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: token } = (await response.json()) as { readonly access_token: string }
  const { aud, iat, exp, realm_access: realmAccess, resource_access: resourceAccess } = claimsOf(token)
  const { roles } = realmAccess as { readonly roles: readonly string[] }
  assert.equal(Number(exp) - Number(iat), 600)
  assert.ok(['plant', 'reports'].every((audience) => [aud].flat().includes(audience)))
  assert.ok(roles.includes('operator'))
  assert.deepEqual((resourceAccess as Readonly<Record<string, unknown>>).reports, { roles: ['read'] })
})

test('a client that people log in to keeps its realm scopes where its entry names none', async () => {
  assert.ok((await read('page')).defaultClientScopes.includes('basic'))
  assert.ok((await read('web-gateway')).defaultClientScopes.includes('basic'))
})

test('the pages of a single-page application may call Keycloak', async () => {
  assert.deepEqual((await read('page')).webOrigins, ['https://page.example.com'])
})

test('Keycloak knows the public keys of a gateway that signs, with and without a key id', async () => {
  const gateway: Gateway = await openGateway(loadConfig(file, ENV), { logLevel: 'error' })
  try {
    for (const [path, clientId, audience] of [
      ['reports', 'web-gateway', 'reports'],
      ['plant', 'machine-gateway', 'plant'],
    ]) {
      const response = await fetch(`${publicUrl}/${path}/x`)
      assert.equal(response.status, 200, await response.text())
      const claims = claimsOf(upstream.received.at(-1)?.headers.authorization ?? '')
      assert.equal(claims.client_id, clientId)
      assert.ok([claims.aud].flat().includes(audience))
    }
  } finally {
    await gateway.close()
  }
})
