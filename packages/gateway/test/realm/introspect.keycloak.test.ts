// Introspection and public documents of the real Keycloak.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { allowPasswords, createKeycloakParty, type KeycloakParty, tokensOf } from '../support/keycloak-party.ts'

let keycloak: Keycloak
let putClientBack: () => Promise<void>

before(async () => {
  keycloak = await useKeycloak()
  putClientBack = await allowPasswords(keycloak)
})
after(async () => {
  await putClientBack()
  await keycloak.stop()
})

function partyOf(t: TestContext, clientId: string, options: Parameters<typeof createKeycloakParty>[3] = {}) {
  const party = createKeycloakParty(keycloak, 'main', clientId, options)
  t.after(party.close)
  return party
}

function isIntrospected(party: KeycloakParty): boolean {
  return party.told.some((event) => event.kind === 'realm.called' && event.endpoint === 'introspection')
}

test('a living token is introspected with its claims, until its session ends', async (t) => {
  const party = partyOf(t, 'web-gateway')
  const { accessToken, logOut } = await tokensOf(keycloak, 'alice')
  const claims = await party.introspect(accessToken)
  assert.equal(claims?.username, 'alice')
  await logOut()
  assert.equal(await party.introspect(accessToken), null)
})

test('a client that is not in aud is told that its own living token is dead', async (t) => {
  const party = partyOf(t, 'test-driver')
  const own = await party.requestClientToken([])
  assert.ok(own.kind === 'token')
  assert.equal(await party.introspect(own.token.accessToken), null)
})

test('what is no token is dead', async (t) => {
  assert.equal(await partyOf(t, 'web-gateway').introspect('rubbish'), null)
})

test('a refused client says nothing about the token', async (t) => {
  const party = partyOf(t, 'web-gateway', { clientAuth: { kind: 'secret', secret: 'wrong' } })
  await assert.rejects(party.introspect('rubbish'), (error) => isGatewayError(error, 'ERR_REALM_CLIENT_REJECTED'))
  const open = partyOf(t, 'public-spa')
  await assert.rejects(open.introspect('rubbish'), (error) => isGatewayError(error, 'ERR_REALM_CLIENT_REJECTED'))
})

const CHECKS: ReadonlyArray<readonly [clientId: string, warning: RegExp | null]> = [
  ['web-gateway', null],
  ['test-driver', /audience mapper for test-driver/],
  ['other-gateway', /could not be checked.*client other-gateway .*"Service account roles"/],
]

for (const [clientId, warning] of CHECKS) {
  test(`at start ${clientId} is ${warning === null ? 'found well' : `warned of: ${warning.source}`}`, async () => {
    const party = createKeycloakParty(keycloak, 'main', clientId, { introspects: true })
    party.start()
    await party.until(() => (warning === null ? isIntrospected(party) : party.warnings().length > 0))
    await party.close()
    assert.equal(party.warnings().length, warning === null ? 0 : 1)
    if (warning !== null) assert.match(party.warnings()[0]!, warning)
  })
}

test('public documents come through the back channel and name public addresses', async (t) => {
  const backchannelUrl = keycloak.url.replace('localhost', '127.0.0.1')
  const party = partyOf(t, 'web-gateway', { backchannelUrl })
  const issuer = keycloak.issuer('main')
  const discovery = await party.fetch(`${issuer}/.well-known/openid-configuration`)
  const document = (await discovery.json()) as Readonly<Record<string, string>>
  assert.equal(document.issuer, issuer)
  assert.equal(JSON.stringify(document).includes('127.0.0.1'), false)
  const keys = await party.fetch(document.jwks_uri!)
  assert.ok(((await keys.json()) as { keys: unknown[] }).keys.length > 0)
})
