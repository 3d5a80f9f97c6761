// What follows from the gateway's configuration is enough for each way in which a route's credential is had: three realms
// with nothing in them but a provisioner and a person.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type Gateway, loadConfig, openGateway } from '@doorman/gateway'
import { findFreePort } from '../../../gateway/test/support/servers/free-port.ts'
import { createTestUpstream, type TestUpstream } from '../../../gateway/test/support/test-upstream.ts'
import { type Account, createTestRealm, type TestRealm } from '../../../provision/test/support/provisioner.ts'
import { run, temporaryFolder, writeConfig } from '../support/command.ts'

const PERSON = { username: 'vera', password: 'vera-test-password' }
const ROLES = ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers']
const NAMES = ['main', 'models', 'lab'] as const

const folder = temporaryFolder()
const browser: Browser = createBrowser()
let realms: Readonly<Record<(typeof NAMES)[number], TestRealm>>
let accounts: readonly Account[]
let upstream: TestUpstream
let gateway: Gateway
let publicUrl: string
let file: string

function buildConfig(): string {
  const realm = (name: (typeof NAMES)[number], fields: string) => `
  ${name}:
    issuer: ${realms[name].issuer}
    clientId: ${name}-gateway
    clientAuth: { secret: "\${SECRET_OF_${name}}" }
    ${fields}`
  const credential = ({ clientId, secret }: Account, index: number) =>
    `    ${NAMES[index]}: { credential: { clientId: ${clientId}, clientAuth: { secret: "${secret}" } } }`
  return `
publicUrl: ${publicUrl}
listen: ${new URL(publicUrl).host}
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:${realm('main', 'introspect: true')}${realm('models', 'obtain: jwtGrant')}${realm('lab', 'obtain: { login: { identityProvider: people } }')}
services:
  reports: { url: "${upstream.origin}", credential: accessToken }
  billing: { url: "${upstream.origin}", credential: { exchange: { audience: billing, scope: [billing-audience] } } }
  batch: { url: "${upstream.origin}", credential: serviceAccount }
  llm: { url: "${upstream.origin}", credential: { realm: models } }
  bench: { url: "${upstream.origin}", credential: { realm: lab } }
routes:
  - { path: "/reports/*", service: reports, require: { login: true } }
  - { path: "/billing/*", service: billing, require: { login: true } }
  - { path: "/batch/*", service: batch, require: { login: true } }
  - { path: "/llm/*", service: llm, require: { login: true } }
  - { path: "/bench/*", service: bench, require: { login: true }, page: true }
  - { path: "/bearer/*", service: reports, require: { login: true, via: [bearer] } }
  - { path: "/readers/*", service: reports, require: { roles: [reader], clientRoles: { reports: [read] } } }
provision:
  owner: wanted
  realms:
${accounts.map(credential).join('\n')}
`
}

async function addPeople(): Promise<void> {
  const person = { username: 'vera', enabled: true, email: 'vera@example.com', firstName: 'V', lastName: 'E' }
  const credentials = [{ type: 'password', value: PERSON.password }]
  const userId = await realms.main.post('users', { ...person, emailVerified: true, credentials })
  const linkedId = await realms.models.post('users', person)
  await realms.models.post(`users/${linkedId}/federated-identity/main`, { userId, userName: 'vera' })
}

async function readSecrets(): Promise<Readonly<Record<string, string>>> {
  const secrets = NAMES.map(async (name) => {
    const [client] = await realms[name].get<readonly { readonly secret: string }[]>(`clients?clientId=${name}-gateway`)
    return [`SECRET_OF_${name}`, client!.secret] as const
  })
  return Object.fromEntries(await Promise.all(secrets))
}

function tokenReceived(): string {
  return upstream.received.at(-1)?.headers.authorization?.replace(/^Bearer /i, '') ?? ''
}

function claimsReceived(): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(tokenReceived().split('.')[1] ?? '', 'base64url').toString())
}

function audienceReceived(): readonly unknown[] {
  return [claimsReceived().aud].flat()
}

async function get(path: string): Promise<void> {
  const { status, body } = await browser.fetch(publicUrl + path)
  assert.equal(status, 200, body)
}

before(async () => {
  const [main, models, lab] = await Promise.all(NAMES.map(() => createTestRealm()))
  realms = { main: main!, models: models!, lab: lab! }
  accounts = await Promise.all(NAMES.map((name) => realms[name].createAccount(ROLES)))
  upstream = await createTestUpstream()
  publicUrl = `http://localhost:${await findFreePort()}`
  file = writeConfig(buildConfig(), folder)
})

after(async () => {
  await gateway?.close()
  await upstream.close()
  for (const name of NAMES) await realms[name].close()
})

test('one apply makes everything, and Keycloak keeps it as it was written', async () => {
  const applied = await run(['apply', '-c', file])
  assert.equal(applied.exitCode, 0, applied.err)
  const planned = await run(['plan', '-c', file])
  assert.equal(planned.exitCode, 0, planned.out)
})

test('a service that is given the access token is in its audience, as is the gateway', async () => {
  await addPeople()
  gateway = await openGateway(loadConfig(file, await readSecrets()), { logLevel: 'error' })
  await browser.logIn(`${publicUrl}/auth/login`, PERSON)
  await get('/reports/x')
  assert.deepEqual(
    audienceReceived()
      .filter((one) => one !== 'account')
      .toSorted(),
    ['main-gateway', 'reports'].concat(['batch', realms.models.issuer]).toSorted(),
  )
})

test('the gateway may ask the realm about the tokens of its people', async () => {
  const authorization = `Bearer ${tokenReceived()}`
  const { status } = await fetch(`${publicUrl}/bearer/x`, { headers: { authorization } })
  assert.equal(status, 200)
})

test('an exchanged token is for its audience, which the token of the person is not', async () => {
  await get('/billing/x')
  assert.deepEqual(audienceReceived(), ['billing'])
})

test("the gateway's own token is for the service", async () => {
  await get('/batch/x')
  assert.equal(claimsReceived().client_id, 'main-gateway')
  assert.ok(audienceReceived().includes('batch'))
})

test('a token of a second realm is had by a JWT grant', async () => {
  await get('/llm/x')
  assert.equal(claimsReceived().iss, realms.models.issuer)
  assert.ok(audienceReceived().includes('llm'))
})

test('a token of a second realm is had by a second login, without a page', async () => {
  const answers = await browser.follow(`${publicUrl}/bench/x`)
  assert.equal(answers.at(-1)?.status, 200, answers.at(-1)?.body)
  assert.equal(claimsReceived().iss, realms.lab.issuer)
  assert.ok(audienceReceived().includes('bench'))
})

test('roles that routes name can be given, and open the route', async () => {
  assert.equal((await browser.fetch(`${publicUrl}/readers/x`)).status, 403)
  const [person] = await realms.main.get<readonly { readonly id: string }[]>('users?username=vera')
  const [client] = await realms.main.get<readonly { readonly id: string }[]>('clients?clientId=reports')
  const reader = await realms.main.get('roles/reader')
  const read = await realms.main.get(`clients/${client!.id}/roles/read`)
  await realms.main.post(`users/${person!.id}/role-mappings/realm`, [reader])
  await realms.main.post(`users/${person!.id}/role-mappings/clients/${client!.id}`, [read])
  await browser.fetch(`${publicUrl}/auth/refresh`, { method: 'POST', headers: { 'x-doorman': '1' } })
  await get('/readers/x')
})

test('a logout comes back from the realm to the gateway', async () => {
  const { logout_url: logoutUrl } = JSON.parse((await browser.fetch(`${publicUrl}/auth/user`)).body)
  const answers = await browser.follow(new URL(logoutUrl, publicUrl).href)
  assert.ok(answers.some(({ url }) => url.startsWith(`${publicUrl}/auth/logged-out`)))
  assert.equal((await browser.fetch(`${publicUrl}/reports/x`)).status, 401)
})

test('nothing of it was changed by being used', async () => {
  const planned = await run(['plan', '-c', file])
  assert.equal(planned.exitCode, 0, planned.out)
})
