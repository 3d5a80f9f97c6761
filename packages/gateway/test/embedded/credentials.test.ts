// What an application's own code learns of a person, and sends to services on their behalf.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { type EmbeddedStage, setEmbeddedStage } from '../support/embedded-stage.ts'
import { decode, logInExpired, refreshes } from '../support/flow.ts'

async function refusalOf(stage: EmbeddedStage, headers: Headers, service = 'api') {
  const answer = await stage.gateway.obtainCredential(headers, service)
  assert.ok(answer.kind === 'refused')
  return {
    status: answer.response.status,
    headers: answer.response.headers,
    ...JSON.parse(await answer.response.text()),
  }
}

test('20 calls at expiry make one refresh, and no cookie is set for it', async (t) => {
  const stage = await setEmbeddedStage(t)
  const browser = await logInExpired(stage)
  const { headers } = stage.request('/', browser)
  const asked = Array.from({ length: 20 }, () => stage.gateway.obtainCredential(headers, 'api'))
  const obtained = await Promise.all(asked)
  assert.equal(refreshes(stage), 1)
  const [first] = obtained
  assert.ok(first?.kind === 'obtained')
  for (const one of obtained) assert.deepEqual(one, first)
  assert.ok(Number(decode(first.authorization!).exp) > Date.now() / 1000)
  const found = await stage.gateway.findSession(headers)
  assert.equal(found.kind, 'active')
})

test('each service has its own, and where none is sent nobody has to be logged in', async (t) => {
  const stage = await setEmbeddedStage(t)
  const { headers } = stage.request('/', await stage.loggedIn())
  const agent = await stage.gateway.obtainCredential(headers, 'agent')
  assert.ok(agent.kind === 'obtained')
  assert.equal(decode(agent.authorization!).aud, 'agent')
  const nobody = new Headers()
  const feed = await stage.gateway.obtainCredential(nobody, 'feed')
  assert.deepEqual(feed, { kind: 'obtained', authorization: null })
  const refused = await refusalOf(stage, nobody, 'agent')
  assert.deepEqual([refused.status, refused.code], [401, 'login_required'])
  assert.equal(refused.login_url, stage.url('/auth/login'))
  await assert.rejects(stage.gateway.obtainCredential(headers, '__proto__'), TypeError)
})

test('a session says who it is of, and nothing that opens anything', async (t) => {
  const stage = await setEmbeddedStage(t, {
    edit: (yaml) => `${yaml.replace('clientAuth:', 'scopes: [openid, profile, email, organization]\n    clientAuth:')}
tenant: { claim: organization }`,
  })
  const bob = await stage.loggedIn('bob')
  const { headers } = stage.request('/', bob)
  const found = await stage.gateway.findSession(headers)
  assert.ok(found.kind === 'active')
  const { session } = found
  assert.equal(session.name, 'Bob Test')
  assert.deepEqual([session.tenant, session.tenants], [null, ['acme', 'globex']])
  assert.ok(session.expiresAt > Date.now() / 1000)
  assert.doesNotMatch(JSON.stringify(session), /eyJ[\w-]+\.|token/i)
  headers.set('x-tenant', 'globex')
  const agent = await stage.gateway.obtainCredential(headers, 'agent')
  assert.ok(agent.kind === 'obtained')
  assert.equal(decode(agent.authorization!).tenant, 'globex')
  headers.set('x-tenant', 'initech')
  const refused = await refusalOf(stage, headers, 'agent')
  assert.deepEqual([refused.status, refused.tenants], [400, ['acme', 'globex']])
})

test('a realm that is down is 503, and ends nothing', async (t) => {
  const stage = await setEmbeddedStage(t)
  const browser = await logInExpired(stage)
  await stage.realm.stopListening()
  const { headers } = stage.request('/', browser)
  const refused = await refusalOf(stage, headers)
  assert.deepEqual([refused.status, refused.code], [503, 'temporarily_unavailable'])
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  assert.equal((await stage.gateway.handle(stage.request('/api/x', browser))).status, 503)
  assert.equal((await stage.gateway.findSession(headers)).kind, 'active')
})

test('a store that is away is 503, and nobody is taken for logged out', async (t) => {
  const stage = await setEmbeddedStage(t)
  const browser = await stage.loggedIn()
  const { headers } = stage.request('/', browser)
  const second = await stage.another()
  const database = new DatabaseSync(join(stage.folder, 'store/doorman.db'))
  database.exec('ALTER TABLE session RENAME TO elsewhere')
  await assert.rejects(second.findSession(headers), (error) => isGatewayError(error, 'ERR_STORE_UNAVAILABLE'))
  assert.equal((await second.handle(stage.request('/api/x', browser))).status, 503)
  const answer = await second.obtainCredential(headers, 'api')
  assert.ok(answer.kind === 'refused')
  assert.equal(answer.response.status, 503)
  const { request_id } = JSON.parse(await answer.response.text())
  await second.close()
  const lines = (await stage.log()).split('\n').filter((line) => line.includes(request_id))
  assert.match(lines.join('\n'), /no such table/, 'the log says why')
  database.exec('ALTER TABLE elsewhere RENAME TO session')
  database.close()
  assert.equal((await stage.gateway.findSession(headers)).kind, 'active')
})

test('several on one store know the same people, and the same ends', async (t) => {
  const stage = await setEmbeddedStage(t)
  const second = await stage.another()
  const browser = await stage.loggedIn()
  const { headers } = stage.request('/', browser)
  assert.equal((await second.findSession(headers)).kind, 'active')
  const agent = await second.obtainCredential(headers, 'agent')
  assert.ok(agent.kind === 'obtained')
  const keySet = await stage.gateway.handle(stage.request('/.well-known/jwks.json', null))
  const { keys } = JSON.parse(await keySet.text())
  const [header = ''] = agent.authorization!.slice(7).split('.')
  assert.equal(JSON.parse(Buffer.from(header, 'base64url').toString()).kid, keys[0].kid)
})
