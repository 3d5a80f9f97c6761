// Every call of an application broken in turn, in every way.
import { after, before, test } from 'node:test'
import { createKeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { type AdminApi, openAdminApi } from '../support/admin-api.ts'
import type { Fault } from '../support/admin-proxy.ts'
import { type FaultGround, runWith, runWithout, type State } from '../support/fault-runs.ts'

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

/** For both ways of breaking together each call meets both statuses. */
const FAULTS: Readonly<Record<string, (nth: number, reach: 'once' | 'onwards') => Fault>> = {
  unreached: () => 'unreached',
  lost: () => 'lost',
  'answered with 500 or 503': (nth, reach) => ((nth % 2 === 0) === (reach === 'once') ? 500 : 503),
}

for (const [name, faultAt] of Object.entries(FAULTS)) {
  const run = async (reach: 'once' | 'onwards') => {
    for (let nth = 1; nth <= calls; nth += 1)
      await runWith(ground, { nth, reach, fault: faultAt(nth, reach) }, expected)
  }

  test(`one call that is ${name} is bridged, whichever it is`, () => run('once'))

  test(`the next apply mends what is left when calls are ${name} from one on, whichever it is`, () => run('onwards'))
}
