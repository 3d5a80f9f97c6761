// Services that call one another: what a service is called with, for those it names, on behalf of the person they were
// called for; and for nobody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askGateway, cookieOf, decode, eventsOf, type GatewayAnswer, statusOf } from '../support/flow.ts'
import {
  ALICE,
  ALICE_OF_MODELS,
  type PairStage,
  REALMS,
  setPairStage,
  testPairOnBothFronts,
} from '../support/pair-stage.ts'
import { assertTokenRefused, basic, FORM_HEADERS, SECRET, STRANGERS_SECRET, sentTo } from '../support/token-office.ts'

const CALLED = ['agent', 'reports', 'billing', 'grants', 'jobs', 'robots', 'models'] as const
const CREDENTIALS = {
  agent: 'internal',
  reports: 'accessToken',
  billing: '{ exchange: { audience: billing, scope: [billing-audience] } }',
  grants: '{ realm: grants }',
  jobs: 'serviceAccount',
  robots: '{ realm: services }',
  models: '{ realm: models }',
}
const OFFICE = {
  // A realm may be called as the endpoints' own word.
  realms: REALMS.replace('robots:', 'services:')
    .replace('obtain: clientCredentials', '$&\n    services: [web]')
    .replace('clientId: web-gateway', '$&\n    scopes: [openid, profile, organization]'),
  services: `
  web: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${SECRET} } }
  stranger: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${STRANGERS_SECRET} } }
  feed: { url: "\${UPSTREAM}", credential: internal }
${CALLED.map((name) => `  ${name}: { url: "\${UPSTREAM}", credential: ${CREDENTIALS[name]}, callers: [web] }`).join('\n')}
`,
  routes: ['web', 'stranger', ...CALLED]
    .map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`)
    .join(''),
  config: 'tenant: { claim: organization }\nlimit: { rate: 60/min, by: ip }',
}

function ask(
  stage: PairStage,
  service: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = basic('web', SECRET),
): Promise<GatewayAnswer> {
  const body = Buffer.from(new URLSearchParams(form).toString())
  return askGateway(stage, `/auth/token/services/${service}`, {
    method: 'POST',
    headers: { ...FORM_HEADERS, ...headers },
    body,
  })
}

testPairOnBothFronts(
  'a service has the token that the one it calls would be sent, whatever that is',
  async (stage) => {
    const alice = await stage.loggedIn()
    const token = await sentTo(stage, alice, 'web')
    assertTokenRefused(await ask(stage, 'models', { subject_token: token }), 403, 'interaction_required')
    assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
    for (const service of CALLED) {
      const answer = await ask(stage, service, { subject_token: token })
      assert.equal(answer.status, 200, `${service} ${answer.body}`)
      const { access_token: given, token_type: type, expires_in: left, expires_at: end } = JSON.parse(answer.body)
      assert.equal(given, await sentTo(stage, alice, service), service)
      assert.equal(type, 'Bearer')
      // A realm says how long its token lives, in whole seconds, and not when it ends.
      assert.ok(Math.abs(end - Number(decode(given).exp)) <= 1, service)
      assert.ok(left > 0 && left <= 300, service)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
    const served = eventsOf(stage, 'token.served')
    assert.deepEqual(
      served.map(({ service, calledService, subject }) => [service, calledService, subject]),
      CALLED.map((name) => ['web', name, ALICE]),
    )
  },
  OFFICE,
)

test('whose token it is, and for whom', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'web')
  const given = async (service: string) => {
    const answer = await ask(stage, service, { subject_token: token })
    return String(JSON.parse(answer.body).access_token)
  }
  const caller = await stage.guard('agent').verify(await given('agent'))
  assert.deepEqual([caller.subject, caller.sessionId], [ALICE, decode(token).sid])
  assert.equal(decode(await given('billing')).sub, ALICE)
  assert.equal(decode(await given('grants')).sub, ALICE_OF_MODELS)
  assert.notEqual(decode(await given('jobs')).sub, ALICE)
  const ofRealm = await askGateway(stage, '/auth/token/services', {
    method: 'POST',
    headers: { ...FORM_HEADERS, ...basic('web', SECRET) },
    body: Buffer.from(new URLSearchParams({ subject_token: token }).toString()),
  })
  assert.equal(decode(JSON.parse(ofRealm.body).access_token).iss, stage.models.issuer)
})

test('the tenant goes on to the next service, as long as it is theirs', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const [alice, bob, carol] = [await stage.loggedIn(), await stage.loggedIn('bob'), await stage.loggedIn('carol')]
  const tenantFor = async (subjectToken: string) => {
    const answer = await ask(stage, 'agent', { subject_token: subjectToken })
    assert.equal(answer.status, 200, answer.body)
    return decode(JSON.parse(answer.body).access_token).tenant
  }
  for (const tenant of ['acme', 'globex']) {
    assert.equal((await bob.fetch(stage.url('/web/x'), { headers: { 'x-tenant': tenant } })).status, 200)
    const { authorization = '' } = stage.upstream.received.at(-1)?.headers ?? {}
    assert.equal(await tenantFor(authorization.slice('Bearer '.length)), tenant)
  }
  assert.equal(await tenantFor(await sentTo(stage, carol, 'web')), undefined)
  const before = await sentTo(stage, alice, 'web')
  assert.equal(await tenantFor(before), 'acme')
  stage.realm.directory.setUser('alice', { organizations: [] })
  assert.equal((await alice.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  for (const service of ['agent', 'reports']) {
    assertTokenRefused(await ask(stage, service, { subject_token: before }), 403, 'access_denied')
  }
  assert.equal(await tenantFor(await sentTo(stage, alice, 'web')), undefined)
})

test('nobody else is given it: other services, other tokens, browsers, sessions that have ended', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const alice = await stage.loggedIn()
  const token = await sentTo(stage, alice, 'web')
  const form = { subject_token: token }
  const strangers = { subject_token: await sentTo(stage, alice, 'stranger') }
  assertTokenRefused(
    await ask(stage, 'agent', strangers, basic('stranger', STRANGERS_SECRET)),
    403,
    'unauthorized_client',
  )
  for (const proof of [{}, basic('web', STRANGERS_SECRET), basic('agent', SECRET), basic('nobody', SECRET)]) {
    assertTokenRefused(await ask(stage, 'agent', form, proof), 401, 'invalid_client')
  }
  for (const other of [
    strangers.subject_token,
    await sentTo(stage, alice, 'agent'),
    await sentTo(stage, alice, 'reports'),
  ]) {
    assertTokenRefused(await ask(stage, 'reports', { subject_token: other }), 400, 'invalid_grant')
  }
  for (const headers of [
    { origin: stage.publicUrl },
    { cookie: cookieOf(stage, alice) },
    { 'sec-fetch-site': 'none' },
  ]) {
    const sent = { ...basic('web', SECRET), ...headers } as Readonly<Record<string, string>>
    assertTokenRefused(await ask(stage, 'agent', form, sent), 403, 'access_denied')
  }
  assertTokenRefused(await ask(stage, 'agent', { ...form, audience: 'billing' }), 400, 'invalid_request')
  for (const service of ['feed', 'web', 'nobody', 'agent/x']) {
    assert.equal((await ask(stage, service, form)).status, 404, service)
  }
  assert.equal((await alice.fetch(stage.url('/auth/token/services/agent'))).status, 405)
  assert.equal((await ask(stage, 'agent', form)).status, 200)
  await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })
  for (const service of ['agent', 'reports', 'jobs']) {
    assertTokenRefused(await ask(stage, service, form), 400, 'invalid_grant')
  }
})

test('the server of an application may ask for all its people from one address', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const alice = await stage.loggedIn()
  const token = await sentTo(stage, alice, 'web')
  for (let at = 0; at < 70; at += 1) {
    assert.equal((await ask(stage, 'agent', { subject_token: token })).status, 200)
  }
  assert.equal(await statusOf(stage, alice, '/agent/x'), 200)
})
