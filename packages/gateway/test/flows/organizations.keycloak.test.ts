// Tenants from the organizations of a real Keycloak: which one a person has, which one a service is told.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { decode, problemCode, statusOf, userOf } from '../support/flow.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { expireTokens, type KeycloakStageOptions } from '../support/keycloak-stage.ts'
import { post } from '../support/login-steps.ts'
import { guarded, tokenSent } from '../support/pair-stage.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const asking = (scope: string): KeycloakStageOptions => ({
  main: `    scopes: [openid, profile, email, "${scope}"]`,
  routes: '\n  - { path: "/tenant/*", service: agent, require: { tenant: true } }',
  config: 'tenant: { claim: organization }',
})

const ask = (stage: KeycloakPair, browser: Browser, tenant?: string): Promise<BrowserAnswer> =>
  browser.fetch(stage.url('/tenant/x'), tenant === undefined ? {} : { headers: { 'x-tenant': tenant } })

test('whoever has one organization needs to name none, and the service learns it from the token alone', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, asking('organization'))
  stage.upstream.answer(guarded(stage.guard('agent')))
  const alice = await stage.loggedIn('alice')
  const answer = await ask(stage, alice)
  assert.equal(answer.status, 200, answer.body)
  assert.equal(JSON.parse(answer.body).tenant, 'acme')
  assert.equal(stage.upstream.received.at(-1)?.headers['x-tenant'], 'acme')
  const { tenant, tenants } = await userOf(stage, alice)
  assert.deepEqual([tenant, tenants], ['acme', ['acme']])
})

test('an exchange takes nobody their organization', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, asking('organization'))
  const alice = await stage.loggedIn('alice')
  assert.equal(await statusOf(stage, alice, '/billing/x'), 200)
  expireTokens(stage)
  assert.equal((await ask(stage, alice)).status, 200)
  assert.equal(decode(tokenSent(stage) ?? '').tenant, 'acme')
  assert.deepEqual((await userOf(stage, alice)).tenants, ['acme'])
})

test('whoever has several names one of theirs in each request', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, asking('organization:*'))
  const bob = await stage.loggedIn('bob')
  const [unnamed, foreign] = [await ask(stage, bob), await ask(stage, bob, 'umbrella')]
  for (const answer of [unnamed, foreign]) {
    assert.deepEqual([answer.status, problemCode(answer)], [400, 'tenant_ambiguous'])
    assert.deepEqual(JSON.parse(answer.body).tenants.toSorted(), ['acme', 'globex'])
  }
  const wanted = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? 'acme' : 'globex'))
  await Promise.all(
    wanted.map((tenant) => bob.fetch(stage.url(`/tenant/${tenant}`), { headers: { 'x-tenant': tenant } })),
  )
  const told = stage.upstream.received.filter(({ target }) => target.startsWith('/tenant/'))
  assert.equal(told.length, wanted.length)
  for (const { target, headers } of told) {
    const tenant = target.split('/').at(-1)
    assert.deepEqual([decode(headers.authorization ?? '').tenant, headers['x-tenant']], [tenant, tenant])
  }
})

test('whoever has none is not let in', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, asking('organization'))
  const carol = await stage.loggedIn('carol')
  for (const answer of [await ask(stage, carol), await ask(stage, carol, 'acme')]) {
    assert.deepEqual([answer.status, problemCode(answer)], [403, 'tenant_required'])
  }
})

/** Bob logs in; Keycloak asks for one of his organizations between his name and his password. */
async function logInFor(stage: KeycloakPair, organization: string): Promise<Browser> {
  const bob = stage.browser()
  const page = (await stage.logIn(bob, '/auth/login', 'bob')).at(-1)
  assert.match(page?.body ?? '', /data-page-id="login-select-organization"/)
  const action = /<form action="([^"]+)"/.exec(page?.body ?? '')?.[1]?.replaceAll('&amp;', '&') ?? ''
  const next = (await bob.follow(action, post({ 'kc.org': organization }))).at(-1)!
  await bob.follow(findLoginForm(next)!.action, post({ password: 'bob-test-password' }))
  return bob
}

test('whoever chose an organization on the page of Keycloak has that one alone, also after a refresh', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, asking('organization'))
  const bob = await logInFor(stage, 'globex')
  for (const generation of [1, 2]) {
    assert.equal((await ask(stage, bob)).status, 200, `generation ${generation}`)
    assert.equal(decode(tokenSent(stage) ?? '').tenant, 'globex')
    expireTokens(stage)
  }
  assert.equal((await ask(stage, bob, 'acme')).status, 400)
  assert.deepEqual((await userOf(stage, bob)).tenants, ['globex'])
})
