// Every call of an application broken in turn: not done, done with the answer lost, and done with a failure for an answer.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createKeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { isProvisionError } from '../../src/errors.ts'
import { type AdminApi, openAdminApi } from '../support/admin-api.ts'
import type { Fault } from '../support/admin-proxy.ts'
import { adminOf, applyTo } from '../support/applying.ts'
import { type FaultGround, type FaultRun, runWith, runWithout, type State } from '../support/fault-runs.ts'
import { wantedClient, wantedRealm } from '../support/realms.ts'
import { prepareRealm } from '../support/whole-realm.ts'

type Reach = FaultRun['reach']

let api: AdminApi
let ground: FaultGround
let calls: number
let expected: State

before(async () => {
  api = await openAdminApi({ realms: ['master'] })
  ground = { proxy: api, admin: createKeycloakAdmin(api.url), issuer: api.issuer }
  const { calls: count, state } = await runWithout(ground)
  calls = count
  expected = state
})
after(() => api.close())

async function breakEach(fault: Fault, reachOf: (nth: number) => Reach): Promise<void> {
  assert.ok(calls > 30, `${calls} calls`)
  for (let nth = 1; nth <= calls; nth += 1) await runWith(ground, { nth, reach: reachOf(nth), fault }, expected)
}

for (const fault of ['unreached', 'lost'] as const) {
  test(`one call that is ${fault} is bridged, whichever it is`, () => breakEach(fault, () => 'once'))

  test(`the next apply mends what is left when calls are ${fault} from one on, whichever it is`, () =>
    breakEach(fault, () => 'onwards'))
}

test('a call that is done and answered with 500 is mended, whichever it is', () =>
  breakEach({ done: 500 }, (nth) => (nth % 2 === 0 ? 'once' : 'onwards')))

const NEW_SECRET = /^POST .*\/client-secret$/

/** A client to take over that has no secret. */
async function prepareHollow() {
  const realm = `fault-${randomUUID()}`
  await prepareRealm(ground.admin, realm)
  const id = await ground.admin.post<string>(`${realm}/clients`, { clientId: 'hollow', secret: '' })
  const clients = [wantedClient('hollow', { adopt: true })]
  const wanted = wantedRealm({ realm, issuer: api.issuer(realm), clients })
  return {
    apply: () => applyTo(adminOf(wanted, api.url), wanted, { prunes: false }),
    secret: () => api.realm(realm).clients.get(id)?.secret,
  }
}

async function countToNewSecret(): Promise<number> {
  const { apply } = await prepareHollow()
  api.heal()
  await apply()
  const index = api.calls().findIndex((call) => NEW_SECRET.test(call))
  assert.notEqual(index, -1)
  return index + 1
}

for (const fault of ['unreached', 'lost', { done: 500 }] as const) {
  test(`a secret is made once when the call for it is ${JSON.stringify(fault)}`, async () => {
    const nth = await countToNewSecret()
    const { apply, secret } = await prepareHollow()
    api.fail(nth, fault)
    await assert.rejects(apply(), (error) => isProvisionError(error, 'ERR_ADMIN_UNREACHABLE'))
    assert.match(api.calls()[nth - 1] ?? '', NEW_SECRET)
    const made = secret()
    assert.equal(made === '', fault === 'unreached')
    api.heal()
    await apply()
    if (made === '') assert.notEqual(secret(), '')
    else assert.equal(secret(), made)
    assert.equal((await apply()).calls.writes, 0)
  })
}
