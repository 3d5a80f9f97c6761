// What a service may ask in a person's name: no proof, token or tenant serves for anything else than it was made for.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { type JWTPayload, SignJWT } from 'jose'
import { askGateway, cookieOf, decode, type GatewayAnswer, sessionCookieName } from '../support/flow.ts'
import { type PairStage, REALMS, setPairStage } from '../support/pair-stage.ts'
import {
  assertTokenRefused,
  basic,
  FORM_HEADERS,
  OFFICE as OTHER,
  SECRET,
  SIGNERS_KEY,
  sentTo,
} from '../support/token-office.ts'

const KEY = /auth: { publicKey: .* }/.exec(OTHER.services)?.[0]
const OFFICE = {
  realms: REALMS.replace('clientId: web-gateway', '$&\n    scopes: [openid, profile, organization]'),
  services: `
  web: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${SECRET} } }
  signer: { url: "\${UPSTREAM}", credential: internal, ${KEY}
  agent: { url: "\${UPSTREAM}", credential: internal, callers: [web, signer] }
  reports: { url: "\${UPSTREAM}", credential: accessToken, callers: [web, signer] }
`,
  routes: `${['web', 'signer', 'reports'].map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`).join('')}
  - { path: "/*", service: web, require: { login: optional } }`,
  config: `
tenant: { claim: organization }
frontends: [{ origin: "http://localhost:9" }]`,
}

type Fields = Readonly<Record<string, string>>

function ask(stage: PairStage, path: string, form: Fields | string, headers: Fields): Promise<GatewayAnswer> {
  const body = Buffer.from(typeof form === 'string' ? form : new URLSearchParams(form).toString())
  return askGateway(stage, path, { method: 'POST', headers: { ...FORM_HEADERS, ...headers }, body })
}

const AGENT = '/auth/token/services/agent'
const REPORTS = '/auth/token/services/reports'
const WEB = basic('web', SECRET)

test('an assertion serves once, at the one address it names (RFC 7523 section 3)', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'signer')
  const sign = (claims: JWTPayload) =>
    new SignJWT({ iss: 'signer', sub: 'signer', jti: randomBytes(9).toString('hex'), ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('1m')
      .sign(SIGNERS_KEY)
  const send = (path: string, client_assertion: string) => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    return ask(stage, path, { subject_token: token, client_assertion, client_assertion_type }, {})
  }
  const forAgent = await sign({ aud: stage.url(AGENT) })
  assertTokenRefused(await send(REPORTS, forAgent), 401, 'invalid_client')
  assert.equal((await send(AGENT, forAgent)).status, 200)
  assertTokenRefused(await send(AGENT, forAgent), 401, 'invalid_client')
  const forAny = await sign({ aud: stage.publicUrl })
  assert.equal((await send(AGENT, forAny)).status, 200)
  assertTokenRefused(await send(REPORTS, forAny), 401, 'invalid_client')
})

test('nothing but a token of ours, for this service and a living session, stands for a person', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const alice = await stage.loggedIn()
  const again = await stage.loggedIn()
  const token = await sentTo(stage, alice, 'web')
  const [header = '', payload = ''] = token.split('.')
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { body } = await askGateway(stage, '/.well-known/jwks.json')
  const [jwk] = JSON.parse(body).keys
  const own = { alg: 'HS256', typ: 'at+jwt', kid: jwk.kid }
  const mac = await new SignJWT(decode(token)).setProtectedHeader(own).sign(Buffer.from(JSON.stringify(jwk)))
  const embedded = { alg: 'ES256', typ: 'at+jwt', jwk: { ...jwk, kid: undefined } }
  const strange = await new SignJWT(decode(token)).setProtectedHeader(embedded).sign(SIGNERS_KEY)
  const changed = encode({ ...decode(token), aud: ['web', 'agent'], tenant: 'globex' })
  for (const forged of [
    `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    `${header}.${changed}.${token.split('.')[2]}`,
    mac,
    strange,
    await sentTo(stage, alice, 'reports'),
    String(decode(token).sid),
    cookieOf(stage, alice).split('=')[1] ?? '',
  ]) {
    assertTokenRefused(await ask(stage, AGENT, { subject_token: forged }, WEB), 400, 'invalid_grant')
  }
  await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assertTokenRefused(await ask(stage, AGENT, { subject_token: token }, WEB), 400, 'invalid_grant')
  const living = await sentTo(stage, again, 'web')
  assert.equal((await ask(stage, AGENT, { subject_token: living }, WEB)).status, 200)
})

test('the tenant is that of the token, whatever else the request says', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const bob = await stage.loggedIn('bob')
  await bob.fetch(stage.url('/web/x'), { headers: { 'x-tenant': 'acme' } })
  const { authorization = '' } = stage.upstream.received.at(-1)!.headers
  const subject_token = authorization.slice('Bearer '.length)
  const answer = await ask(stage, AGENT, { subject_token }, { ...WEB, 'x-tenant': 'globex' })
  const token = decode(JSON.parse(answer.body).access_token)
  assert.deepEqual([token.tenant, token.aud], ['acme', 'agent'])
  for (const field of ['tenant', 'audience', 'resource', 'scope', 'actor_token', 'requested_subject', 'grant_type']) {
    const form = { subject_token, [field]: 'globex' }
    assertTokenRefused(await ask(stage, AGENT, form, WEB), 400, 'invalid_request')
  }
  const twice = `subject_token=${subject_token}&subject_token=${subject_token}`
  assertTokenRefused(await ask(stage, AGENT, twice, WEB), 400, 'invalid_request')
  assertTokenRefused(await ask(stage, `${AGENT}?tenant=globex`, { subject_token }, WEB), 400, 'invalid_request')
})

test('a request for a token that has lost its way goes to no service', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const form = { subject_token: await sentTo(stage, await stage.loggedIn(), 'web') }
  const before = stage.upstream.received.length
  for (const path of [
    `${AGENT}/`,
    '/auth/token/services/Agent',
    '/AUTH/token/services/agent',
    '/auth/token/services/%61gent',
    '/auth/token/services//agent',
    '/auth/token/services/agent%2f..%2freports',
    '/auth/token/services/web',
    '/auth/token/services/constructor',
    '/auth/token/services',
    '/auth/token',
  ]) {
    const { status } = await ask(stage, path, form, { ...WEB, 'x-doorman': '1' })
    assert.ok(status === 404 || status === 400, `${path}: ${status}`)
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PROPFIND']) {
    const headers = { ...WEB, 'x-http-method-override': 'POST' }
    assert.equal((await askGateway(stage, AGENT, { method, headers })).status, 405, method)
  }
  assert.equal(stage.upstream.received.length, before)
})

test('no page gets one, not even with the secret: no form, no front end, no cookie of ours', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'web')
  const form = { subject_token: token, client_id: 'web', client_secret: SECRET }
  const name = sessionCookieName(stage)
  for (const headers of [
    { origin: 'null' },
    { origin: 'http://localhost:9' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'empty' },
    { cookie: `a=1; ${name}-login-x=1` },
    { cookie: `a=1;${name}` },
  ] as readonly Fields[]) {
    assertTokenRefused(await ask(stage, AGENT, form, headers), 403, 'access_denied')
  }
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json']) {
    assertTokenRefused(await ask(stage, AGENT, form, { 'content-type': type }), 400, 'invalid_request')
  }
  const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
  assert.equal((await askGateway(stage, AGENT, { method: 'OPTIONS', headers: preflight })).status, 403)
})
