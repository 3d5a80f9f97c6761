// Each call of a rotation broken in turn. What a real Keycloak has to say is in rotate-secret.keycloak.test.ts.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { inspect } from 'node:util'
import { createKeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { isProvisionError, ProvisionError } from '../../src/errors.ts'
import { endOldSecret } from '../../src/secrets/end-old-secret.ts'
import { rotateSecret } from '../../src/secrets/rotate-secret.ts'
import { beginState, ROTATION_ATTRIBUTE, withState } from '../../src/secrets/rotation-state.ts'
import { type AdminApi, type AdminFault, openAdminApi } from '../support/admin-api.ts'
import { OVERLAP_SECONDS, prepareRotation, type Rotating } from '../support/rotating.ts'

let api: AdminApi
let rotating: Rotating

before(async () => {
  api = await openAdminApi({ realms: [] })
  rotating = await prepareRotation({ admin: createKeycloakAdmin(api.url), issuer: api.issuer, url: api.url })
  await rotating.setPolicy(OVERLAP_SECONDS)
  await rotating.deliver()
})
after(async () => {
  await rotating.close()
  await api.close()
})

const FAULTS: Readonly<Record<string, AdminFault>> = {
  'does not get through': 'unreached',
  'loses its answer': 'lost',
  'is done and answered 500': { done: 500 },
}

/** Breaks the call, runs the rotation again, and says which call it was; undefined when there are no more calls. */
async function breakCall(nth: number, fault: AdminFault, reach: 'once' | 'onwards'): Promise<string | undefined> {
  await endOldSecret(rotating.options())
  const old = await rotating.look()
  api.fail(nth, fault, reach)
  const first = await outcomeOf(rotating.rotate())
  const call = api.calls()[nth - 1]
  api.heal()
  const second = await outcomeOf(rotating.rotate())
  const now = await rotating.look()
  assert.notEqual(now.secret, old.secret, call)
  assert.equal(rotating.secretInFile(), now.secret, call)
  assert.ok(await rotating.isTaken(old.secret), `${call}: the old secret is valid beside one new one`)
  assert.equal(now.attributes[ROTATION_ATTRIBUTE], undefined, call)
  const said = inspect([first, second], { depth: 9 })
  assert.ok(![old.secret, now.secret].some((secret) => said.includes(secret)), call)
  return call
}

async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => {
    assert.ok(isProvisionError(error), inspect(error))
    return error
  })
}

for (const reach of ['once', 'onwards'] as const) {
  suite(`stopped at any call, ${reach}, the next run goes on and makes no second secret`, () => {
    for (const [what, fault] of Object.entries(FAULTS)) {
      test(`when it ${what}`, async () => {
        let nth = 1
        while ((await breakCall(nth, fault, reach)) !== undefined) nth += 1
        assert.ok(nth > 8, `${nth} calls were broken`)
      })
    }
  })
}

test('two rotations at the same time make one new secret', async () => {
  await endOldSecret(rotating.options())
  const old = await rotating.look()
  const outcomes = await Promise.allSettled([rotating.rotate(), rotating.rotate()])
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  assert.deepEqual(reasons, ['ERR_APPLY_RUNNING'])
  assert.ok(await rotating.isTaken(old.secret))
  assert.equal(rotating.secretInFile(), (await rotating.look()).secret)
})

test('a server without rotation is told from a realm without a policy', async () => {
  for (const [hasRotation, remedy] of [
    [false, /--features=client-secret-rotation/],
    [true, /rotate: 30d/],
  ] as const) {
    const plain = await openAdminApi({ realms: [], hasRotation })
    const roles = ['manage-clients', 'manage-realm']
    const keycloak = { admin: createKeycloakAdmin(plain.url), issuer: plain.issuer, url: plain.url }
    const ground = await prepareRotation(keycloak, { roles })
    try {
      await ground.deliver()
      await assert.rejects(ground.rotate(), ({ code, detail }) => {
        assert.deepEqual([code, detail.reason], ['ERR_ROTATION_REFUSED', 'no-overlap'])
        assert.match(detail.remedy, remedy)
        return true
      })
    } finally {
      await ground.close()
      await plain.close()
    }
  }
})

test('whoever has lost the lock meanwhile makes no new secret', async () => {
  await endOldSecret(rotating.options())
  const old = await rotating.look()
  const lost = async () => {
    throw new ProvisionError('ERR_APPLY_RUNNING', 'somebody else has taken it over')
  }
  const options = { ...rotating.options(), acquireLock: async () => ({ keep: lost, release: async () => undefined }) }
  const choices = { leastOverlapSeconds: null, acceptsGap: false, resumesOnly: false }
  await assert.rejects(rotateSecret(options, choices), ({ code }) => code === 'ERR_APPLY_RUNNING')
  assert.equal((await rotating.look()).secret, old.secret)
  await rotating.rotate()
  assert.ok(await rotating.isTaken(old.secret))
})

test('a rotation that was begun under a policy does not end the old secret after the policy has gone', async (t) => {
  await endOldSecret(rotating.options())
  const old = await rotating.look()
  const state = beginState(old.secret, Math.floor(Date.now() / 1000))
  await rotating.admin().clients.update(old.id, withState({ ...old }, state))
  t.after(() => rotating.setPolicy(OVERLAP_SECONDS))
  await rotating.setPolicy(null)
  await assert.rejects(rotating.rotate(), ({ code, detail }) => {
    assert.deepEqual([code, detail.reason], ['ERR_ROTATION_REFUSED', 'no-overlap'])
    return true
  })
  assert.ok(await rotating.isTaken(old.secret))
})
