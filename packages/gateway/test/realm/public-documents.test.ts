import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { sendJson } from '../support/scripted-realm.ts'

const PUBLIC = 'https://sso.example.com'
const ISSUER = `${PUBLIC}/realms/main`
const CERTS = `${ISSUER}/protocol/openid-connect/certs`
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`

let harness: RealmHarness

beforeEach(async () => {
  harness = await startHarness((realm) => ({ issuer: ISSUER, backchannelUrl: realm.origin }))
})

afterEach(() => harness.close())

test('a public address is asked for through the back channel', async () => {
  const response = await harness.relyingParty.fetch(`${CERTS}?a=b`)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.deepEqual(await response.json(), { keys: [harness.key.publicJwk] })
  assert.equal(harness.realm.seenAt('certs')[0]!.path, '/realms/main/protocol/openid-connect/certs?a=b')
})

test('what the realm calls by its address inside is told by its public one', async () => {
  const response = await harness.relyingParty.fetch(new URL(DISCOVERY))
  const document = (await response.json()) as Record<string, unknown>
  assert.equal(document.issuer, ISSUER)
  assert.equal(document.jwks_uri, CERTS)
  assert.equal(JSON.stringify(document).includes(harness.realm.origin), false)
})

test('without a back channel the address itself is asked', async () => {
  const direct = await startHarness()
  const response = await direct.relyingParty.fetch(new Request(`${direct.realm.issuer}/protocol/openid-connect/certs`))
  assert.equal(response.status, 200)
  await direct.close()
})

for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) {
  test(`${method} is refused and nothing is sent`, async () => {
    await assert.rejects(harness.relyingParty.fetch(CERTS, { method }), TypeError)
    await assert.rejects(harness.relyingParty.fetch(new Request(CERTS, { method })), TypeError)
    assert.equal(harness.realm.seen.length, 0)
  })
}

test('of the headers only accept is sent', async () => {
  const headers = { accept: 'application/json', authorization: 'Bearer canary', cookie: 'canary', origin: PUBLIC }
  await harness.relyingParty.fetch(CERTS, { headers })
  const sent = harness.realm.seenAt('certs')[0]!.headers
  assert.equal(sent.accept, 'application/json')
  assert.deepEqual([sent.authorization, sent.cookie, sent.origin], [undefined, undefined, undefined])
})

test('a redirect is an answer and is not followed', async () => {
  harness.realm.answer('certs', (_request, response) =>
    response.writeHead(302, { location: `${harness.realm.origin}/elsewhere` }).end(),
  )
  assert.equal((await harness.relyingParty.fetch(CERTS)).status, 302)
  assert.equal(harness.realm.seen.length, 1)
})

for (const status of [204, 304, 404, 500, 503]) {
  test(`${status} comes through`, async () => {
    harness.realm.answer('certs', (_request, response) => response.writeHead(status).end())
    const response = await harness.relyingParty.fetch(CERTS)
    assert.equal(response.status, status)
    assert.equal(await response.text(), '')
  })
}

test('the realm room’s own limit holds', async () => {
  const impatient = await startHarness(() => ({ timeoutSeconds: 1 }))
  impatient.realm.answer('certs', () => {})
  await assert.rejects(impatient.relyingParty.fetch(`${impatient.realm.issuer}/certs`), (error) =>
    isGatewayError(error, 'ERR_REALM_TIMEOUT'),
  )
  await impatient.close()
})

test('a caller that stops waiting gets its own reason', async () => {
  const controller = new AbortController()
  harness.realm.answer('certs', () => controller.abort(new RangeError('enough')))
  await assert.rejects(harness.relyingParty.fetch(CERTS, { signal: controller.signal }), RangeError)
})

test('an answer larger than any realm sends is refused', async () => {
  harness.realm.answer('certs', (_request, response) => sendJson(response, 200, { keys: 'a'.repeat(2 ** 20) }))
  await assert.rejects(harness.relyingParty.fetch(CERTS), (error) => isGatewayError(error, 'ERR_REALM_UNREACHABLE'))
})

test('each is told as a call for a public document', async () => {
  await harness.relyingParty.fetch(CERTS)
  const calls = harness.told.flatMap((event) => (event.kind === 'realm.called' ? [event.endpoint] : []))
  assert.deepEqual(calls, ['public'])
})
