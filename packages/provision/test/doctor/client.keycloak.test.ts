// Each fault of a client, made in a real Keycloak in exactly that way; seen from the outside, and with a view into the realm.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import type { Fault } from '../../src/doctor/finding.ts'
import {
  type Examination,
  findingOf,
  openWard,
  type Patient,
  proofOf,
  REDIRECT_URI,
  skippedChecks,
  type Ward,
  wrongOf,
  wrongOnes,
} from '../support/patient.ts'

let ward: Ward
let patient: Patient
let endpoint: Server

before(async () => {
  endpoint = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}')
  })
  ward = await openWard(`${await listen(endpoint)}/auth/backchannel-logout`)
})
beforeEach(async () => {
  patient = await ward.admit()
})
after(async () => {
  endpoint.close()
  await ward.close()
})

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const OUTSIDE: Examination = { admin: null }

test('nothing is wrong with a client that is well', async () => {
  assert.deepEqual(wrongOnes(await patient.examine()), [])
  assert.deepEqual(skippedChecks(await patient.examine()), ['TLS'])
})

test('from the outside nothing is wrong with it either, and what could not be seen is said', async () => {
  const all = await patient.examine(OUTSIDE)
  assert.deepEqual(wrongOnes(all), [])
  assert.deepEqual(skippedChecks(all), ['TLS', 'admin access'])
})

test('a client that is not there is unknown; nothing that depends on it is asked', async () => {
  const client = { clientId: 'nobody' }
  const all = await patient.examine({ client })
  assert.deepEqual(wrongOnes(all), ['client: client-unknown'])
  assert.equal(findingOf(all, 'secret').kind, 'skipped')
  assert.equal(findingOf(all, 'roles').kind, 'skipped')
  assert.equal(findingOf(all, 'back-channel call').kind, 'ok')
  const outside = await patient.examine({ ...OUTSIDE, client: { ...client, proof: proofOf(patient.secret, 'nobody') } })
  assert.deepEqual(wrongOnes(outside), ['client: client-unknown-or-disabled'])
})

test('a client that is switched off is told by its field, and from the outside by invalid_client', async () => {
  await patient.change({ enabled: false })
  const inside = wrongOf(await patient.examine(), 'client')
  assert.deepEqual([inside.fault, inside.evidence.field], ['client-disabled', 'enabled'])
  const outside = wrongOf(await patient.examine(OUTSIDE), 'client')
  assert.deepEqual([outside.fault, outside.evidence.error], ['client-unknown-or-disabled', 'invalid_client'])
})

test('a wrong secret is unauthorized_client, not invalid_grant', async () => {
  const client = { proof: proofOf('another-secret-than-that', patient.client.clientId) }
  const inside = wrongOf(await patient.examine({ client }), 'secret')
  assert.deepEqual([inside.fault, inside.evidence.error], ['secret-wrong', 'unauthorized_client'])
  assert.equal(wrongOf(await patient.examine({ ...OUTSIDE, client }), 'secret').fault, 'secret-wrong')
})

test('a secret that nobody here knows is tried as Keycloak has it, or not at all', async () => {
  const client = { proof: { kind: 'unknown', isSecret: true, because: 'it is in a cluster' } } as const
  assert.deepEqual(wrongOnes(await patient.examine({ client })), [])
  const outside = await patient.examine({ ...OUTSIDE, client })
  assert.deepEqual(wrongOnes(outside), [])
  assert.equal(findingOf(outside, 'client').kind, 'ok')
  assert.equal(findingOf(outside, 'secret').kind, 'skipped')
})

test('a client that is to sign while Keycloak wants a secret, and the other way round, is told so', async () => {
  await patient.change({ clientAuthenticatorType: 'client-jwt' })
  assert.equal(wrongOf(await patient.examine(OUTSIDE), 'secret').fault, 'proof-refused')
  assert.equal(wrongOf(await patient.examine(), 'secret').fault, 'proof-refused')
})

test('an assertion is refused when Keycloak has another key, in words of its own', async () => {
  const [own, other] = [makeKey(), makeKey()]
  const key = { kind: 'privateKey', clientId: patient.client.clientId, algorithm: 'ES256', keyId: 'one' } as const
  const proof = { kind: 'credential', credential: { ...key, privateKey: own.pem }, from: 'realms.main' } as const
  const attributes = { 'use.jwks.string': 'true', 'token.endpoint.auth.signing.alg': 'ES256' }
  const register = (jwks: string) =>
    patient.change({ clientAuthenticatorType: 'client-jwt', attributes: { ...attributes, 'jwks.string': jwks } })
  await register(own.jwks)
  assert.deepEqual(wrongOnes(await patient.examine({ client: { proof } })), [])
  await register(other.jwks)
  const { fault, evidence } = wrongOf(await patient.examine({ ...OUTSIDE, client: { proof } }), 'secret')
  assert.deepEqual([fault, evidence.error], ['proof-refused', 'invalid_client'])
  assert.notEqual(evidence.said, undefined)
})

function makeKey(): { readonly pem: string; readonly jwks: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }
  return { pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), jwks: JSON.stringify({ keys: [jwk] }) }
}

test('a client that proves itself by what we do not have is not judged from the outside', async () => {
  await patient.change({ clientAuthenticatorType: 'federated-jwt' })
  const proof = { kind: 'unknown', isSecret: false, because: 'by federated-jwt' } as const
  const all = await patient.examine({ ...OUTSIDE, client: { proof } })
  assert.deepEqual(wrongOnes(all), [])
  assert.equal(findingOf(all, 'client').kind, 'skipped')
  await patient.change({ enabled: false })
  assert.equal(wrongOf(await patient.examine({ client: { proof } }), 'client').fault, 'client-disabled')
})

test('a confidential client that is public in Keycloak, and the other way round, is told by its field', async () => {
  const inside = wrongOf(await patient.examine({ ...OUTSIDE, client: { proof: { kind: 'public' } } }), 'secret')
  assert.deepEqual([inside.fault, inside.evidence.field], ['client-confidential', 'publicClient'])
  await patient.change({ publicClient: true })
  assert.equal(wrongOf(await patient.examine(), 'secret').fault, 'client-public')
})

test('a service account that is off is unauthorized_client, with a secret that is right', async () => {
  await patient.change({ serviceAccountsEnabled: false })
  const all = await patient.examine(OUTSIDE)
  const { fault, evidence } = wrongOf(all, 'service account')
  assert.deepEqual([fault, evidence.error], ['service-account-off', 'unauthorized_client'])
  assert.equal(findingOf(all, 'secret').kind, 'ok')
})

test('a service account whose user is switched off is told apart from one that is off', async () => {
  const path = `users/${patient.serviceAccountId}`
  const user = await ward.realm.get<Record<string, unknown>>(path)
  await ward.realm.put(path, { ...user, enabled: false })
  assert.equal(wrongOf(await patient.examine(OUTSIDE), 'service account').fault, 'service-account-disabled')
})

test('a redirect URI that is not registered is found by a login that nobody sees', async () => {
  await patient.change({ redirectUris: ['https://elsewhere.example.com/*'] })
  const inside = wrongOf(await patient.examine(), 'redirect URI')
  assert.deepEqual([inside.fault, inside.evidence.registered], ['redirect-uri', ['https://elsewhere.example.com/*']])
  assert.equal(wrongOf(await patient.examine(OUTSIDE), 'redirect URI').fault, 'redirect-uri')
})

test('a standard flow that is off is told by its field', async () => {
  await patient.change({ standardFlowEnabled: false })
  assert.equal(wrongOf(await patient.examine(), 'redirect URI').evidence.field, 'standardFlowEnabled')
})

test('a redirect URI with a wildcard is tried by one that it stands for', async () => {
  await patient.change({ redirectUris: ['https://patient.example.com/*'] })
  const login = { redirectUris: ['https://patient.example.com/*'], postLogoutRedirectUris: [], scopes: ['openid'] }
  assert.equal(findingOf(await patient.examine({ client: { login } }), 'redirect URI').kind, 'ok')
})

test('a scope that the client may not ask for keeps people from logging in', async () => {
  const login = { redirectUris: [REDIRECT_URI], postLogoutRedirectUris: [], scopes: ['openid', 'no-such-scope'] }
  assert.equal(wrongOf(await patient.examine({ client: { login } }), 'redirect URI').fault, 'scope-refused')
})

test('a post-logout URI that is not registered would strand people after their logout', async () => {
  await patient.change({ attributes: { 'post.logout.redirect.uris': 'https://patient.example.com/other' } })
  assert.equal(wrongOf(await patient.examine(OUTSIDE), 'post-logout URI').fault, 'post-logout-redirect-uri')
})

for (const outside of [true, false]) {
  test(`an audience without its mapper is missing in tokens, ${outside ? 'from the outside' : 'seen inside'}`, async () => {
    await patient.setAudiences(patient.client.clientId)
    const { fault, evidence } = wrongOf(await patient.examine(outside ? OUTSIDE : {}), 'audience')
    assert.deepEqual([fault, evidence.missing], ['audience-missing', ['reports']])
  })
}

test('an audience that is there by a mapper and disabled is missing, too', async () => {
  await ward.realm.post('clients', { clientId: 'closed', enabled: false })
  await patient.setAudiences('closed')
  assert.equal(
    wrongOf(await patient.examine({ client: { audiences: ['closed'] } }), 'audience').fault,
    'audience-missing',
  )
})

test('audiences of a client without a service account are judged by its mappers', async () => {
  await patient.setAudiences(patient.client.clientId)
  await patient.change({ serviceAccountsEnabled: false })
  const client = { hasServiceAccount: false }
  assert.deepEqual(wrongOf(await patient.examine({ client }), 'audience').evidence.missing, ['reports'])
  assert.equal(findingOf(await patient.examine({ ...OUTSIDE, client }), 'audience').kind, 'skipped')
})

test('lightweight tokens have no audience at all, and the attribute is named', async () => {
  const attribute = 'client.use.lightweight.access.token.enabled'
  await patient.change({ attributes: { [attribute]: 'true' } })
  assert.equal(wrongOf(await patient.examine(), 'audience').evidence.field, `attributes.${attribute}`)
})

test('a role that the service account lacks is missing', async () => {
  const client = { roles: { realmRoles: ['operator'], clientRoles: { reports: ['reader'] } } }
  const { fault, evidence } = wrongOf(await patient.examine({ ...OUTSIDE, client }), 'roles')
  assert.deepEqual([fault, evidence.missing], ['role-missing', ['reports/reader']])
})

test('a role that the service account has and its tokens do not tell is another fault', async () => {
  await patient.change({ fullScopeAllowed: false })
  assert.equal(wrongOf(await patient.examine(), 'roles').fault, 'role-not-in-token')
  assert.equal(wrongOf(await patient.examine(OUTSIDE), 'roles').fault, 'role-missing')
})

for (const [offset, name] of [
  [-60, 'behind'],
  [60, 'ahead'],
] as const) {
  test(`a clock that is ${name} by more than the file allows is found by Keycloak's own tokens`, async () => {
    const tools = { nowSeconds: () => Date.now() / 1000 + offset }
    const { fault, evidence } = wrongOf(await patient.examine({ tools }), 'clock')
    assert.equal(fault, 'clock-skew')
    assert.ok(Math.abs(Number(evidence.seconds) + offset) <= 2)
  })
}

test('a clock that is off by less than the file allows is well', async () => {
  const tools = { nowSeconds: () => Date.now() / 1000 + 60 }
  assert.equal(findingOf(await patient.examine({ tools, client: { clockSkewSeconds: 90 } }), 'clock').kind, 'ok')
})

const SWITCH = 'standard.token.exchange.enabled'

for (const [name, parts] of [
  ['from the outside', { ...OUTSIDE, client: {} }],
  ['seen inside', { client: {} }],
  ['without a service account', { ...OUTSIDE, client: { hasServiceAccount: false, audiences: [], roles: null } }],
] as const) {
  test(`an exchange whose switch is off is refused, ${name}`, async () => {
    const serviceAccountsEnabled = !('hasServiceAccount' in parts.client)
    await patient.change({ serviceAccountsEnabled, attributes: { [SWITCH]: 'false' } })
    const { fault, evidence } = wrongOf(await patient.examine(parts), 'token exchange')
    assert.deepEqual([fault, evidence.field], ['exchange-off', `attributes.${SWITCH}`])
  })
}

test('an exchange for an audience that is not available is told apart', async () => {
  await patient.setAudiences(patient.client.clientId)
  const client = { audiences: [patient.client.clientId] }
  assert.deepEqual(wrongOnes(await patient.examine({ client })), ['token exchange: exchange-audience'])
  const unknown = { ...client, exchanges: [{ audience: 'nobody', scopes: [], because: 'services.nobody' }] }
  assert.equal(wrongOf(await patient.examine({ client: unknown }), 'token exchange').fault, 'exchange-audience')
})

test('without a service account an exchange is judged by its mappers, those of the scopes it asks for included', async () => {
  await patient.change({ serviceAccountsEnabled: false })
  await patient.setAudiences(patient.client.clientId)
  const client = { hasServiceAccount: false, audiences: [], roles: null }
  assert.equal(wrongOf(await patient.examine({ client }), 'token exchange').fault, 'exchange-audience')
  assert.equal(findingOf(await patient.examine({ ...OUTSIDE, client }), 'token exchange').kind, 'skipped')
})

test('an exchange with a scope that the client may not ask for is told apart', async () => {
  const exchanges = [{ audience: 'reports', scopes: ['no-such-scope'], because: 'services.reports.credential' }]
  assert.equal(wrongOf(await patient.examine({ client: { exchanges } }), 'token exchange').fault, 'scope-refused')
})

test('a back-channel URL that Keycloak has otherwise is named; from the outside it is not seen', async () => {
  const attribute = 'backchannel.logout.url'
  await patient.change({ attributes: { [attribute]: 'https://old.example.com/x' } })
  const { fault, evidence } = wrongOf(await patient.examine(), 'back-channel URL')
  assert.deepEqual([fault, evidence.registered], ['backchannel-url', 'https://old.example.com/x'])
  assert.equal(findingOf(await patient.examine(OUTSIDE), 'back-channel URL').kind, 'ok')
})

test('a back-channel URL on loopback leads Keycloak on another machine to itself', async () => {
  // An address by which it is reached, and which is none of loopback.
  const realm = { address: ward.realm.issuer.replace('localhost', '0.0.0.0') }
  const all = await patient.examine({ ...OUTSIDE, realm })
  assert.equal(wrongOf(all, 'back-channel URL').fault, 'backchannel-loopback')
})

const ANSWERS: readonly (readonly [number, Fault])[] = [
  [404, 'backchannel-answer'],
  [302, 'backchannel-answer'],
  [200, 'backchannel-answer'],
  [421, 'backchannel-host'],
]

for (const [status, fault] of ANSWERS) {
  test(`a back-channel URL that is answered ${status} is not the gateway's`, async (t) => {
    const server = createServer((_request, response) => void response.writeHead(status).end())
    t.after(() => server.close())
    const url = await listen(server)
    const all = await patient.examine({ ...OUTSIDE, client: { backchannelLogout: { url, isGateway: true } } })
    assert.equal(wrongOf(all, 'back-channel call').fault, fault)
  })
}

test('a back-channel URL that nobody listens on cannot be reached', async () => {
  const server = createServer()
  const backchannelLogout = { url: await listen(server), isGateway: false }
  await new Promise((resolve) => server.close(resolve))
  const all = await patient.examine({ ...OUTSIDE, client: { backchannelLogout } })
  assert.equal(wrongOf(all, 'back-channel call').evidence.code, 'ECONNREFUSED')
})
