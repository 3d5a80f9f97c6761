import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { type AdminProxy, startAdminProxy } from '../support/admin-proxy.ts'
import { type FaultGround, type FaultRun, runWith, runWithout, type State } from '../support/fault-runs.ts'

let keycloak: Keycloak
let proxy: AdminProxy
let ground: FaultGround
let expected: State

before(async () => {
  keycloak = await useKeycloak()
  proxy = await startAdminProxy(keycloak.url)
  ground = { proxy, admin: keycloak.admin, issuer: keycloak.issuer }
  expected = (await runWithout(ground)).state
})
after(async () => {
  await proxy.close()
  await keycloak.stop()
})

// Every call is broken in faults.test.ts; here are some of each kind, so that a real Keycloak has its say.
const RUNS: readonly FaultRun[] = [
  { nth: 2, fault: 503, reach: 'once' },
  { nth: 13, fault: 'lost', reach: 'once' },
  { nth: 18, fault: 'lost', reach: 'once' },
  { nth: 17, fault: 'unreached', reach: 'onwards' },
  { nth: 20, fault: 'lost', reach: 'onwards' },
  { nth: 25, fault: 'lost', reach: 'onwards' },
  { nth: 33, fault: 500, reach: 'onwards' },
  { nth: 41, fault: 'lost', reach: 'onwards' },
]

for (const run of RUNS) {
  const { nth, fault, reach } = run
  test(`applying converges when call ${nth} is ${fault}, ${reach}`, () => runWith(ground, run, expected))
}
