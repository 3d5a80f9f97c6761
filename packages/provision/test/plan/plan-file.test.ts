import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isProvisionError, type ProvisionErrorCode } from '../../src/errors.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { confirmPlan, type PlannedRealm, readPlanFile, writePlanFile } from '../../src/plan/plan-file.ts'
import { planRealm } from '../../src/plan/plan-realm.ts'
import { asObserved, OWNER, observedRealm, realmOf, wantedClient, wantedRealm } from '../support/realms.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorman-plan-'))
after(() => rmSync(folder, { recursive: true }))

const MLFLOW = wantedClient('mlflow', { defaultScopes: ['basic'] })
const BEFORE: PlannedRealm = {
  wanted: wantedRealm({ clients: [MLFLOW, wantedClient('new')] }),
  observed: realmOf(asObserved(MLFLOW, { defaultScopes: [] })),
}

function planOf({ wanted, observed }: PlannedRealm): Plan {
  return { format: 1, owner: OWNER, realms: [planRealm(wanted, observed, OWNER)] }
}

function stored(plan: Plan): Plan {
  const file = join(folder, 'plan.json')
  writePlanFile(file, plan)
  return readPlanFile(file)
}

function fails(code: ProvisionErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => isProvisionError(error, code))
}

test('a plan comes back as it was', () => {
  const plan = planOf(BEFORE)
  assert.deepEqual(stored(plan), plan)
})

test('only its owner reads a plan, whatever stood there before', () => {
  const file = join(folder, 'open.json')
  writeFileSync(file, 'old')
  chmodSync(file, 0o666)
  writePlanFile(file, planOf(BEFORE))
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('a plan that cannot be written leaves nothing behind', () => {
  fails('ERR_PLAN_INVALID', () => writePlanFile(join(folder, 'no', 'plan.json'), planOf(BEFORE)))
  fails('ERR_PLAN_INVALID', () => writePlanFile(folder, planOf(BEFORE)))
  assert.deepEqual(
    readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split('/').at(-1)}.`)),
    [],
  )
})

const INVALID: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['another format', JSON.stringify({ ...planOf(BEFORE), format: 2 })],
  ['a key too many', JSON.stringify({ ...planOf(BEFORE), extra: true })],
  ['an unknown action', JSON.stringify(planOf(BEFORE)).replace('"create"', '"destroy"')],
]
for (const [what, text] of INVALID) {
  test(`a file with ${what} is no plan`, () => {
    const file = join(folder, 'invalid.json')
    writeFileSync(file, text)
    fails('ERR_PLAN_INVALID', () => readPlanFile(file))
  })
}

test('a file that is not there is no plan', () => {
  fails('ERR_PLAN_INVALID', () => readPlanFile(join(folder, 'absent.json')))
})

test('a plan is carried out while realm and file are as they were', () => {
  const plan = planOf(BEFORE)
  assert.deepEqual(confirmPlan(stored(plan), [BEFORE], OWNER), plan)
})

const MOVED: readonly (readonly [string, PlannedRealm])[] = [
  ['a scope was assigned in the realm', { ...BEFORE, observed: realmOf(asObserved(MLFLOW)) }],
  ['a client has gone', { ...BEFORE, observed: observedRealm() }],
  [
    'a client was created',
    { ...BEFORE, observed: realmOf(asObserved(MLFLOW, { defaultScopes: [] }), asObserved(wantedClient('new'))) },
  ],
  [
    'another client of ours appeared',
    { ...BEFORE, observed: realmOf(asObserved(MLFLOW, { defaultScopes: [] }), asObserved(wantedClient('old'))) },
  ],
  ['the file wants another client', { ...BEFORE, wanted: wantedRealm({ clients: [MLFLOW] }) }],
  [
    'the file wants another setting',
    { ...BEFORE, wanted: wantedRealm({ clients: [MLFLOW, wantedClient('new', { settings: { enabled: false } })] }) },
  ],
  ['the file names another realm', { ...BEFORE, wanted: { ...BEFORE.wanted, name: 'second' } }],
]
for (const [what, now] of MOVED) {
  test(`a plan is outdated when ${what}`, () => {
    fails('ERR_PLAN_OUTDATED', () => confirmPlan(stored(planOf(BEFORE)), [now], OWNER))
  })
}

test('a plan is outdated under another owner', () => {
  fails('ERR_PLAN_OUTDATED', () => confirmPlan(stored(planOf(BEFORE)), [BEFORE], 'warehouse'))
})

test('a plan that was changed by hand is not carried out', () => {
  const plan = stored(planOf(BEFORE))
  const [realm] = plan.realms
  assert(realm !== undefined)
  fails('ERR_PLAN_INVALID', () =>
    confirmPlan({ ...plan, realms: [{ ...realm, changes: realm.changes.slice(1) }] }, [BEFORE], OWNER),
  )
})

test('a plan made with masked secrets is carried out with a credential that reads them', () => {
  const deliver = [{ kind: 'env-file', path: '.env', keys: {} }] as const
  const client = wantedClient('mlflow', { deliver })
  const wanted = wantedRealm({ clients: [client] })
  const planned = planOf({ wanted, observed: realmOf(asObserved(client, { secret: { kind: 'masked' } })) })
  const confirmed = confirmPlan(stored(planned), [{ wanted, observed: realmOf(asObserved(client)) }], OWNER)
  assert.deepEqual(confirmed.realms[0]?.unseen, [])
})

test('the file holds no secret', () => {
  const file = join(folder, 'canary.json')
  writePlanFile(file, planOf(BEFORE))
  assert.doesNotMatch(readFileSync(file, 'utf8'), /kept-out-of-every-plan/)
})
