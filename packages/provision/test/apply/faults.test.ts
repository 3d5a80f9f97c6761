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
import { wantedClient } from '../support/realms.ts'
import { prepareRealm, wholeRealm } from '../support/whole-realm.ts'

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

for (const fault of ['unreached', 'lost', { done: 500 }] as const) {
  test(`a new secret is made once when the call for it is ${JSON.stringify(fault)}`, async () => {
    const realm = `fault-${randomUUID()}`
    await prepareRealm(ground.admin, realm)
    await ground.admin.post(`${realm}/clients`, { clientId: 'hollow', secret: '' })
    const wanted = { ...wholeRealm(realm, api.issuer(realm)), clients: [wantedClient('hollow', { adopt: true })] }
    const apply = () => applyTo(adminOf(wanted, api.url), wanted)
    const secretNow = () => [...api.realm(realm).clients.values()].find(({ clientId }) => clientId === 'hollow')?.secret
    api.fail(await numberOfCall(/client-secret$/, apply, realm), fault)
  })
}
