// A person's token of realm main becomes one of realm models (RFC 8693, then RFC 7523), and each way it can fail.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { decodeJwt } from 'jose'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import type { ObtainResult, RelyingParty } from '../../src/realm/relying-party.ts'
import { allowPasswords, createKeycloakParty, describeRefusal, tokensOf } from '../support/keycloak-party.ts'
import { addClient, changeRealm, clientPath, type Representation, type Username } from '../support/keycloak-realm.ts'

const IDENTITY_PROVIDER = 'models/identity-provider/instances/main'
const MODELS_ALICE = 'models/users/00000000-0000-4000-8000-0000000000a1'

let keycloak: Keycloak
let main: RelyingParty
let models: RelyingParty
let putClientBack: () => Promise<void>
const undos: (() => Promise<void>)[] = []

before(async () => {
  keycloak = await useKeycloak()
  putClientBack = await allowPasswords(keycloak)
  main = createKeycloakParty(keycloak, 'main', 'web-gateway')
  models = createKeycloakParty(keycloak, 'models', 'model-gateway')
})
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo()
})
after(async () => {
  await main.close()
  await models.close()
  await putClientBack()
  await keycloak.stop()
})

async function assertionOf(username: Username): Promise<string> {
  const { accessToken } = await tokensOf(keycloak, username)
  const request = { subjectToken: accessToken, audience: keycloak.issuer('models'), scopes: ['models-realm'] }
  const result = await main.exchangeToken(request)
  assert.ok(result.kind === 'token', JSON.stringify(result))
  return result.token.accessToken
}

const redeem = async (username: Username = 'alice', scopes: readonly string[] = []): Promise<ObtainResult> =>
  models.redeemAssertion(await assertionOf(username), scopes)

async function change(path: string, changes: Representation): Promise<void> {
  undos.push(await changeRealm(keycloak, path, changes))
}

async function changeClient(changes: Representation): Promise<void> {
  await change(await clientPath(keycloak, 'model-gateway', 'models'), changes)
}

async function changeIdentityProvider(config: Representation): Promise<void> {
  const before = await keycloak.admin.get<Representation>(IDENTITY_PROVIDER)
  await change(IDENTITY_PROVIDER, { config: { ...Object(before.config), ...config } })
}

test('a person who is linked gets a token of the second realm', async () => {
  const result = await redeem()
  assert.ok(result.kind === 'token', JSON.stringify(result))
  const claims = decodeJwt(result.token.accessToken)
  assert.equal(claims.iss, keycloak.issuer('models'))
  assert.equal(claims.preferred_username, 'alice')
  assert.equal(claims.azp, 'model-gateway')
  assert.ok([claims.aud].flat().includes('llm'))
})

test('an assertion is good for one use: the second asks for a new one', async () => {
  const assertion = await assertionOf('alice')
  assert.equal((await models.redeemAssertion(assertion, [])).kind, 'token')
  assert.deepEqual(await models.redeemAssertion(assertion, []), { kind: 'subject-dead' })
})

test('a person who is not linked is forbidden', async () => {
  assert.match(describeRefusal(await redeem('bob')), /^forbidden: .*not linked/)
})

test('a person who is disabled in the second realm is forbidden', async () => {
  await change(MODELS_ALICE, { enabled: false })
  assert.match(describeRefusal(await redeem()), /^forbidden: .*disabled/)
})

test('a person with required actions open in the second realm is forbidden', async () => {
  await change(MODELS_ALICE, { requiredActions: ['UPDATE_PASSWORD'] })
  assert.match(describeRefusal(await redeem()), /^forbidden: .*required actions/)
})

test('a client that may not use assertions: the switch is named', async () => {
  await changeClient({ attributes: { 'oauth2.jwt.authorization.grant.enabled': 'false' } })
  assert.match(describeRefusal(await redeem()), /^misconfigured: client model-gateway .*grant\.enabled/)
})

test('a client that may not use this identity provider: the attribute is named', async () => {
  await changeClient({ attributes: { 'oauth2.jwt.authorization.grant.idp': 'other' } })
  assert.match(describeRefusal(await redeem()), /^misconfigured: client model-gateway .*grant\.idp/)
})

test('a disabled identity provider is named', async () => {
  await change(IDENTITY_PROVIDER, { enabled: false })
  assert.match(describeRefusal(await redeem()), /^misconfigured: .*no enabled identity provider/)
})

test('an identity provider that takes no assertions: the switch is named', async () => {
  await changeIdentityProvider({ jwtAuthorizationGrantEnabled: 'false' })
  assert.match(describeRefusal(await redeem()), /^misconfigured: .*jwtAuthorizationGrantEnabled/)
})

test('keys that cannot be had from inside Keycloak: the address is named', async () => {
  const assertion = await assertionOf('alice')
  await changeIdentityProvider({ jwksUrl: 'http://127.0.0.1:1/certs' })
  await keycloak.admin.post('models/clear-keys-cache')
  undos.unshift(async () => void (await keycloak.admin.post('models/clear-keys-cache')))
  assert.match(describeRefusal(await models.redeemAssertion(assertion, [])), /^misconfigured: .*jwksUrl/)
})

test('a token for somebody else is no assertion: the audience is named', async () => {
  const { accessToken } = await tokensOf(keycloak, 'alice')
  assert.match(describeRefusal(await models.redeemAssertion(accessToken, [])), /^misconfigured: .*only audience/)
})

test('what is no JWT is no assertion', async () => {
  assert.match(describeRefusal(await models.redeemAssertion('rubbish', [])), /^misconfigured: .*must be a JWT/)
})

test('a scope that is not assigned: scope and client are named', async () => {
  assert.match(describeRefusal(await redeem('alice', ['nothing'])), /^misconfigured: client model-gateway .*"nothing"/)
})

test('a public client: the switch is named', async () => {
  undos.push(await addClient(keycloak, 'models', { clientId: 'open', publicClient: true }))
  const party = createKeycloakParty(keycloak, 'models', 'open')
  undos.push(party.close)
  assert.match(
    describeRefusal(await party.redeemAssertion(await assertionOf('alice'), [])),
    /^misconfigured: client open is public/,
  )
})

test('the token outlives the session it came from', async () => {
  const { accessToken, logOut } = await tokensOf(keycloak, 'alice')
  const request = { subjectToken: accessToken, audience: keycloak.issuer('models'), scopes: ['models-realm'] }
  const assertion = await main.exchangeToken(request)
  assert.ok(assertion.kind === 'token')
  await logOut()
  assert.equal((await models.redeemAssertion(assertion.token.accessToken, [])).kind, 'token')
})

test('a realm that nobody logs in to is ready without a redirect URI of ours', async () => {
  const party = createKeycloakParty(keycloak, 'models', 'model-gateway')
  undos.push(party.close)
  party.start()
  await party.until(() => party.readiness().kind === 'ready')
  assert.deepEqual(party.warnings(), [])
})
