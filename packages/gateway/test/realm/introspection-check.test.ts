import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelyingPartyOptions } from '../../src/realm/create-relying-party.ts'
import { type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { type Script, sendJson } from '../support/scripted-realm.ts'

const OWN_TOKEN = 'e30.canary-own-token.signature'

function tokenEndpoint(clientToken: Script): Script {
  return (request, response) => {
    const isForUs = request.form.get('grant_type') === 'client_credentials'
    if (isForUs) clientToken(request, response)
    else sendJson(response, 400, { error: 'invalid_grant' })
  }
}

const issue: Script = (_request, response) => sendJson(response, 200, { access_token: OWN_TOKEN, token_type: 'Bearer' })

async function start(
  clientToken: Script,
  introspection: Script,
  options: Partial<RelyingPartyOptions> = {},
): Promise<RealmHarness> {
  const harness = await startHarness(() => ({ introspects: true, ...options }))
  harness.realm.answer('token', tokenEndpoint(clientToken))
  harness.realm.answer('introspect', introspection)
  harness.relyingParty.start()
  return harness
}

const alive: Script = (_request, response) => sendJson(response, 200, { active: true })
const dead: Script = (_request, response) => sendJson(response, 200, { active: false })

const DOUBTS: ReadonlyArray<readonly [name: string, clientToken: Script, introspection: Script, warning: RegExp]> = [
  ['a living token of our own that is called dead', issue, dead, /audience mapper for web-gateway/],
  [
    'a client without a service account',
    (_, response) =>
      sendJson(response, 401, {
        error: 'unauthorized_client',
        error_description: 'Client not enabled to retrieve service account',
      }),
    dead,
    /could not be checked.*"Service account roles"/,
  ],
  ['a token that cannot be had', (_, response) => response.writeHead(503).end(), dead, /could not be checked.*503/],
  ['an answer that cannot be read', issue, (_, response) => response.writeHead(500).end(), /could not be checked.*500/],
]

for (const [name, clientToken, introspection, warning] of DOUBTS) {
  test(`${name} is told once, and the gateway is ready all the same`, async (t) => {
    const harness = await start(clientToken, introspection, { metadataSeconds: 0.02 })
    t.after(() => harness.close())
    await harness.until(() => harness.warnings().length > 0)
    await harness.until(() => harness.realm.seenAt('openid-configuration').length >= 3)
    assert.equal(harness.warnings().length, 1)
    assert.match(harness.warnings()[0]!, warning)
    assert.equal(harness.relyingParty.readiness().kind, 'ready')
    assert.doesNotMatch(JSON.stringify(harness.told), /canary/)
  })
}

test('introspection that works is not worth a word', async (t) => {
  const harness = await start(issue, alive)
  t.after(() => harness.close())
  await harness.realm.nextAt('introspect')
  await harness.until(() => harness.told.some((event) => 'endpoint' in event && event.endpoint === 'introspection'))
  assert.equal(harness.realm.seenAt('introspect')[0]!.form.get('token'), OWN_TOKEN)
  assert.deepEqual(harness.warnings(), [])
})

test('where nothing is introspected no token of our own is asked for', async (t) => {
  const harness = await start(issue, dead, { introspects: false, metadataSeconds: 0.02 })
  t.after(() => harness.close())
  await harness.until(() => harness.realm.seenAt('openid-configuration').length >= 3)
  assert.equal(harness.realm.seenAt('token').length, 1)
  assert.equal(harness.realm.seenAt('introspect').length, 0)
})
