// Who passes, in both positions: by rules, by tokens for libraries of one's own, and until the realm says it is over.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { sidOf } from '../../gateway/test/support/back-channel-logout.ts'
import { logInExpired } from '../../gateway/test/support/flow.ts'
import { setClient } from '../../gateway/test/support/pair-stage.ts'
import { type NextStage, openNextStage, POSITIONS } from './support/next-stage.ts'

for (const position of POSITIONS) {
  let stage: NextStage
  let alice: Browser
  let bob: Browser
  before(async () => {
    stage = await openNextStage(position)
    alice = await stage.loggedIn()
    bob = await stage.loggedIn('bob')
  })
  after(() => stage?.close())

  /** Status, and what the service was sent in `Authorization`; null when it was not asked. */
  async function ask(browser: Browser, path: string, headers: Readonly<Record<string, string>> = {}) {
    stage.agent.forget()
    const { status, body } = await browser.fetch(stage.url(path), { headers })
    const [received] = stage.agent.received
    return { status, body, sent: received === undefined ? null : received.headers.authorization }
  }

  test(`${position}: a rule of apiProxy lets those pass who have the role`, async () => {
    const carol = await ask(await stage.loggedIn('carol'), '/api/rules/admin/x')
    assert.equal(carol.status, 200)
    assert.match(carol.sent ?? '', /^Bearer eyJ/)
    const refused = await ask(alice, '/api/rules/admin/x')
    assert.deepEqual([refused.status, JSON.parse(refused.body).code, refused.sent], [403, 'forbidden', null])
    const nobody = await ask(createBrowser(), '/api/rules/admin/x')
    assert.deepEqual([nobody.status, JSON.parse(nobody.body).code, nobody.sent], [401, 'login_required', null])
  })

  test(`${position}: a rule of apiProxy lets those pass who are of a tenant, which the service is told`, async () => {
    const { status } = await ask(alice, '/api/rules/tenant/x')
    assert.deepEqual([status, stage.agent.received[0]?.headers['x-tenant']], [200, 'acme'])
    const refused = await ask(await stage.loggedIn('carol'), '/api/rules/tenant/x')
    assert.deepEqual([refused.status, JSON.parse(refused.body).code, refused.sent], [403, 'tenant_required', null])
  })

  test(`${position}: whoever is of several tenants says which`, async () => {
    const { status } = await ask(bob, '/api/rules/tenant/x', { 'x-tenant': 'globex' })
    assert.deepEqual([status, stage.agent.received[0]?.headers['x-tenant']], [200, 'globex'])
    const unsaid = await ask(bob, '/api/rules/tenant/x')
    const code = position === 'embedded' ? 'tenant_ambiguous' : 'tenant_required'
    assert.deepEqual([JSON.parse(unsaid.body).code, unsaid.sent], [code, null])
    const foreign = await ask(bob, '/api/rules/tenant/x', { 'x-tenant': 'initech' })
    assert.deepEqual([JSON.parse(foreign.body).code, foreign.sent], ['tenant_ambiguous', null])
  })

  test(`${position}: where the login is optional strangers pass with nothing, and people with their token`, async () => {
    const nobody = await ask(createBrowser(), '/api/rules/open/x')
    assert.deepEqual([nobody.status, nobody.sent], [200, undefined])
    assert.match((await ask(alice, '/api/rules/open/x')).sent ?? '', /^Bearer eyJ/)
  })

  test(`${position}: getToken gives the very token that the service is sent`, async () => {
    const { sent } = await ask(alice, '/api/agent/x')
    const { status, body } = await ask(alice, '/api/token?service=agent')
    const hash = createHash('sha256')
      .update((sent ?? '').replace('Bearer ', ''))
      .digest('hex')
    assert.deepEqual([status, JSON.parse(body)], [200, { hash }])
    const nobody = await ask(createBrowser(), '/api/token?service=agent')
    assert.deepEqual([nobody.status, JSON.parse(nobody.body).code], [401, 'login_required'])
  })

  test(`${position}: a service that nobody has named is a fault of the application, of which its log knows`, async () => {
    const { status } = await ask(alice, '/api/token?service=nowhere')
    // Behind a gateway it is the gateway that knows the names.
    assert.equal(status, position === 'embedded' ? 500 : 502)
    assert.match(stage.next.output(), /nowhere/)
  })

  test(`${position}: while the realm is away there is no token for a library either`, async (t) => {
    const browser = await logInExpired(stage)
    await stage.realm.stopListening()
    t.after(() => stage.realm.startListening())
    const { status, body } = await ask(browser, '/api/token?service=agent')
    assert.deepEqual([status, JSON.parse(body).code], [503, 'temporarily_unavailable'])
  })

  test(`${position}: a redirect in a handler leads on`, async () => {
    const answer = await alice.fetch(stage.url('/api/moved'))
    assert.deepEqual([answer.status, answer.headers.get('location')], [307, '/orders'])
  })

  test(`${position}: an end at the realm is the end here`, async () => {
    setClient(stage.realm, 'web-gateway', {
      backchannelLogoutUri: stage.url('/auth/backchannel-logout'),
      backchannelLogoutSessionRequired: true,
    })
    assert.equal((await ask(bob, '/api/me')).status, 200)
    await stage.realm.endSession(sidOf(stage.realm, 'bob'))
    assert.equal((await ask(bob, '/api/me')).status, 401)
    assert.equal((await ask(alice, '/api/me')).status, 200)
  })
}
