// Token exchange and client credentials against the real Keycloak: what it grants, and what each refusal is told as.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { decodeJwt } from 'jose'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import type { ObtainResult, RelyingParty } from '../../src/realm/relying-party.ts'
import {
  allowPasswords,
  createKeycloakParty,
  describeRefusal,
  type KeycloakParty,
  type PersonTokens,
  tokensOf,
} from '../support/keycloak-party.ts'
import { addClient, changeRealm, clientPath, nextSecond, type Representation } from '../support/keycloak-realm.ts'

let keycloak: Keycloak
let gateway: KeycloakParty
let webGatewayPath: string
let alice: PersonTokens
let bob: PersonTokens
let putClientBack: () => Promise<void>
const undos: (() => Promise<void>)[] = []

before(async () => {
  keycloak = await useKeycloak()
  putClientBack = await allowPasswords(keycloak)
  webGatewayPath = await clientPath(keycloak, 'web-gateway')
  gateway = createKeycloakParty(keycloak, 'main', 'web-gateway')
})
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo()
})
after(async () => {
  await gateway.close()
  await putClientBack()
  await keycloak.stop()
})

// Access tokens live for a minute, and a test may change what they say.
async function logIn(): Promise<void> {
  alice = await tokensOf(keycloak, 'alice')
  bob = await tokensOf(keycloak, 'bob')
}

function partyOf(clientId: string, secret = `${clientId}-test-secret`): RelyingParty {
  const party = createKeycloakParty(keycloak, 'main', clientId, { clientAuth: { kind: 'secret', secret } })
  undos.push(party.close)
  return party
}

const change = async (changes: Representation) => undos.push(await changeRealm(keycloak, webGatewayPath, changes))

const exchange = (
  subjectToken: string,
  audience = 'billing',
  scopes: readonly string[] = [],
  party = gateway as RelyingParty,
) => party.exchangeToken({ subjectToken, audience, scopes })

function issued(result: ObtainResult): string {
  assert.ok(result.kind === 'token', JSON.stringify(result))
  return result.token.accessToken
}

test('the token of an exchange is for that audience alone and for the same person', async () => {
  await logIn()
  const result = await exchange(alice.accessToken)
  const claims = decodeJwt(issued(result))
  assert.equal(claims.aud, 'billing')
  assert.equal(claims.sub, decodeJwt(alice.accessToken).sub)
  assert.equal(claims.azp, 'web-gateway')
  const life = result.kind === 'token' ? result.token.expiresAt - Date.now() / 1000 : 0
  assert.ok(life > 30 && life <= 60, String(life))
})

test('without a role there the audience needs a scope in the same request', async () => {
  await logIn()
  assert.match(
    describeRefusal(await exchange(bob.accessToken)),
    /^forbidden: .*no role of client billing.*credential\.exchange\.scope/,
  )
  const result = await exchange(bob.accessToken, 'billing', ['billing-audience'])
  assert.equal(decodeJwt(issued(result)).aud, 'billing')
})

test('an exchange leaves the person’s own refresh its ID token', async () => {
  await logIn()
  await exchange(alice.accessToken)
  await exchange(alice.accessToken, 'billing', ['billing-audience'])
  await exchange(bob.accessToken, 'billing', ['models-realm'])
  assert.ok((await alice.refresh()).id_token)
  assert.ok((await bob.refresh()).id_token)
})

test('an access token whose session has ended is dead', async () => {
  await logIn()
  await alice.logOut()
  assert.deepEqual(await exchange(alice.accessToken), { kind: 'subject-dead' })
})

test('an access token that has expired is dead', async () => {
  await change({ attributes: { 'access.token.lifespan': '1' } })
  await logIn()
  await nextSecond()
  await nextSecond()
  assert.deepEqual(await exchange(alice.accessToken), { kind: 'subject-dead' })
})

test('what is no token of the realm is dead', async () => {
  assert.deepEqual(await exchange('rubbish'), { kind: 'subject-dead' })
})

test('exchange switched off: the switch is named', async () => {
  await logIn()
  await change({ attributes: { 'standard.token.exchange.enabled': 'false' } })
  assert.match(
    describeRefusal(await exchange(alice.accessToken)),
    /^misconfigured: client web-gateway .*"Standard token exchange"/,
  )
})

test('a token that is not for the exchanging client: the audience mapper is named', async () => {
  await logIn()
  const attributes = { 'standard.token.exchange.enabled': 'true' }
  undos.push(await addClient(keycloak, 'main', { clientId: 'stranger', secret: 'stranger-test-secret', attributes }))
  assert.match(
    describeRefusal(await exchange(alice.accessToken, 'billing', [], partyOf('stranger'))),
    /^misconfigured: .*audience mapper for stranger/,
  )
})

test('an audience that is no client: the missing client is named', async () => {
  await logIn()
  assert.match(describeRefusal(await exchange(alice.accessToken, 'nobody')), /^misconfigured: .*no client nobody/)
})

test('a scope that is not assigned: scope and client are named', async () => {
  await logIn()
  assert.match(
    describeRefusal(await exchange(alice.accessToken, 'billing', ['nothing'])),
    /^misconfigured: client web-gateway .*"nothing"/,
  )
})

test('a client that asks for consent: the switch is named', async () => {
  await logIn()
  await change({ consentRequired: true })
  assert.match(describeRefusal(await exchange(alice.accessToken)), /^misconfigured: .*"Consent required"/)
})

test('a public client: the switch is named', async () => {
  await logIn()
  const attributes = { 'standard.token.exchange.enabled': 'true' }
  undos.push(await addClient(keycloak, 'main', { clientId: 'open', publicClient: true, attributes }))
  assert.match(
    describeRefusal(await exchange(alice.accessToken, 'billing', [], partyOf('open'))),
    /^misconfigured: client open is public/,
  )
})

test('a client with a wrong secret passes as trouble with the realm', async () => {
  await logIn()
  const party = partyOf('web-gateway', 'wrong')
  assert.equal((await exchange(alice.accessToken, 'billing', [], party)).kind, 'unavailable')
  assert.equal((await party.requestClientToken([])).kind, 'unavailable')
})

test('a disabled realm passes as trouble', async () => {
  await logIn()
  undos.push(await changeRealm(keycloak, 'main', { enabled: false }))
  assert.equal((await exchange(alice.accessToken)).kind, 'unavailable')
})

test('a client gets a token of its own', async () => {
  const claims = decodeJwt(issued(await gateway.requestClientToken([])))
  assert.equal(claims.azp, 'web-gateway')
  assert.equal(claims.preferred_username, 'service-account-web-gateway')
})

test('a client token has the scopes asked for', async () => {
  assert.deepEqual(
    new Set([decodeJwt(issued(await gateway.requestClientToken(['billing-audience']))).aud].flat()).has('billing'),
    true,
  )
  assert.match(
    describeRefusal(await gateway.requestClientToken(['nothing'])),
    /^misconfigured: client web-gateway .*"nothing"/,
  )
})

test('a client without a service account: the switch is named', async () => {
  assert.match(
    describeRefusal(await partyOf('reports').requestClientToken([])),
    /^misconfigured: client reports .*"Service account roles"/,
  )
})

test('a public client has no token of its own: the switch is named', async () => {
  assert.match(
    describeRefusal(await partyOf('public-spa').requestClientToken([])),
    /^misconfigured: client public-spa is public/,
  )
})

test('a disabled service account user is named', async () => {
  const { id } = await keycloak.admin.get<{ readonly id: string }>(`${webGatewayPath}/service-account-user`)
  undos.push(await changeRealm(keycloak, `main/users/${id}`, { enabled: false }))
  assert.match(
    describeRefusal(await gateway.requestClientToken([])),
    /^misconfigured: the service account user of client web-gateway/,
  )
})

test('a disabled client passes as trouble with the realm', async () => {
  assert.equal((await partyOf('disabled-client').requestClientToken([])).kind, 'unavailable')
})

test('no token was told to anybody', async () => {
  assert.doesNotMatch(JSON.stringify(gateway.told), /eyJ[\w-]+\./)
})
