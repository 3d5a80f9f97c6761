import assert from 'node:assert/strict'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, beforeEach, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { isProvisionError, type ProvisionError } from '../../src/errors.ts'
import { endOldSecret } from '../../src/secrets/end-old-secret.ts'
import { findDueRotations } from '../../src/secrets/rotation-due.ts'
import { ROTATION_ATTRIBUTE } from '../../src/secrets/rotation-state.ts'
import { type AdminProxy, startAdminProxy } from '../support/admin-proxy.ts'
import { wantedRealm } from '../support/realms.ts'
import { OVERLAP_SECONDS, prepareRotation, type Rotating } from '../support/rotating.ts'

let keycloak: Keycloak
let proxy: AdminProxy

before(async () => {
  keycloak = await useKeycloak()
  proxy = await startAdminProxy(keycloak.url)
})
after(async () => {
  await proxy.close()
  await keycloak.stop()
})

async function failureOf(work: Promise<unknown>): Promise<ProvisionError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(isProvisionError(outcome), inspect(outcome))
  return outcome
}

async function withRotation(
  parts: { readonly policy: number | null; readonly hasServiceAccount?: boolean },
  work: (rotating: Rotating) => Promise<void>,
): Promise<void> {
  const rotating = await prepareRotation(keycloak, parts)
  try {
    await rotating.setPolicy(parts.policy)
    await rotating.deliver()
    await work(rotating)
  } finally {
    await rotating.close()
  }
}

interface Consumer {
  /** How many tokens it got by each secret, and how often it got none. */
  readonly tokens: ReadonlyMap<string, number>
  failures(): number
  stop(): Promise<void>
}

/** Fetches a token every 50 ms, with the secret that the file has at that moment, as Kubernetes would mount it. */
function startConsumer({ secretInFile, isTaken }: Rotating): Consumer {
  const tokens = new Map<string, number>()
  let failures = 0
  let isStopped = false
  const ask = async () => {
    const secret = secretInFile() ?? ''
    if (await isTaken(secret)) tokens.set(secret, (tokens.get(secret) ?? 0) + 1)
    else failures += 1
  }
  const loop = (async () => {
    while (!isStopped) await Promise.all([ask(), wait(50)])
  })()
  return {
    tokens,
    failures: () => failures,
    async stop() {
      isStopped = true
      await loop
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(20)
}

test('a consumer under load sees no failure while its secret is rotated', async () => {
  await withRotation({ policy: OVERLAP_SECONDS }, async (rotating) => {
    const consumer = startConsumer(rotating)
    const old = rotating.secretInFile() ?? ''
    await until(() => (consumer.tokens.get(old) ?? 0) >= 5)
    const summary = await rotating.rotate()
    const next = rotating.secretInFile() ?? ''
    await until(() => (consumer.tokens.get(next) ?? 0) >= 5)
    await consumer.stop()
    assert.equal(consumer.failures(), 0)
    assert.notEqual(next, old)
    assert.equal(summary.way, 'overlap')
    assert.equal(summary.gapSeconds, null)
    assert.ok(Math.abs((summary.oldUntil ?? 0) - (Date.now() / 1000 + OVERLAP_SECONDS)) < 60)
    assert.deepEqual([await rotating.isTaken(old), await rotating.isTaken(next)], [true, true])
    const { attributes } = await rotating.look()
    assert.equal(attributes[ROTATION_ATTRIBUTE], undefined)
  })
})

test('where no overlap is possible, nothing is changed without --accept-gap', async () => {
  await withRotation({ policy: null }, async (rotating) => {
    const before = await rotating.look()
    const failure = await failureOf(rotating.rotate())
    assert.equal(failure.code, 'ERR_ROTATION_REFUSED')
    assert.equal(failure.detail.reason, 'no-overlap')
    assert.deepEqual(await rotating.look(), before)
    const summary = await rotating.rotate({ acceptsGap: true })
    assert.equal(summary.way, 'gap')
    assert.ok(Number.isInteger(summary.gapSeconds))
    assert.equal(summary.oldUntil, null)
    assert.equal(await rotating.isTaken(before.secret), false)
    assert.equal(await rotating.isTaken(rotating.secretInFile() ?? ''), true)
  })
})

test('a client without a service account is tried by an introspection', async () => {
  await withRotation({ policy: OVERLAP_SECONDS, hasServiceAccount: false }, async (rotating) => {
    const { secret } = await rotating.look()
    const { way } = await rotating.rotate()
    assert.equal(way, 'overlap')
    assert.notEqual(rotating.secretInFile(), secret)
    assert.equal(rotating.secretInFile(), (await rotating.look()).secret)
  })
})

suite('while the old secret is still valid', () => {
  let rotating: Rotating
  let old: string
  before(async () => {
    rotating = await prepareRotation(keycloak)
    await rotating.setPolicy(OVERLAP_SECONDS)
    await rotating.deliver()
    old = rotating.secretInFile() ?? ''
    await rotating.rotate()
  })
  after(() => rotating.close())

  test('another rotation is refused: it would end the oldest', async () => {
    const failure = await failureOf(rotating.rotate())
    assert.equal(failure.detail.reason, 'overlap-running')
    assert.ok(await rotating.isTaken(old))
  })

  test('it is not ended while a place lacks the new one', async () => {
    chmodSync(rotating.envFile, 0o644)
    const failure = await failureOf(endOldSecret(rotating.options()))
    assert.equal(failure.detail.reason, 'not-everywhere')
    assert.ok(await rotating.isTaken(old))
    await rotating.deliver()
  })

  test('it can be ended before its time, and only once', async () => {
    assert.equal(await endOldSecret(rotating.options()), true)
    assert.equal(await rotating.isTaken(old), false)
    assert.equal(await rotating.isTaken(rotating.secretInFile() ?? ''), true)
    assert.equal(await endOldSecret(rotating.options()), false)
  })
})

suite('before anything is changed, what cannot succeed is refused', () => {
  let rotating: Rotating
  before(async () => {
    rotating = await prepareRotation(keycloak)
    await rotating.setPolicy(OVERLAP_SECONDS)
  })
  beforeEach(() => rotating.deliver())
  after(() => rotating.close())

  async function refusal(choices = {}, options = rotating.options()) {
    const before = await rotating.look()
    const failure = await failureOf(rotating.rotate(choices, options.adminUrl))
    assert.equal(failure.code, 'ERR_ROTATION_REFUSED')
    assert.deepEqual(await rotating.look(), before)
    return failure.detail.reason
  }

  test('nothing to go on with', async () => {
    assert.equal(await refusal({ resumesOnly: true }), 'nothing-to-resume')
  })

  test('a place that cannot be written', async () => {
    writeFileSync(rotating.envFile, 'MINE=1\n')
    assert.equal(await refusal(), 'undeliverable')
    rmSync(rotating.envFile)
  })

  test('a client that is disabled', async () => {
    const path = `${rotating.realm}/clients/${(await rotating.look()).id}`
    await keycloak.admin.merge(path, { enabled: false })
    assert.equal(await refusal(), 'secret-does-not-work')
    await keycloak.admin.merge(path, { enabled: true })
  })

  test('a client that logs in by a key', async () => {
    const path = `${rotating.realm}/clients/${(await rotating.look()).id}`
    await keycloak.admin.merge(path, { clientAuthenticatorType: 'client-jwt' })
    assert.equal(await refusal(), 'no-secret-login')
    await keycloak.admin.merge(path, { clientAuthenticatorType: 'client-secret' })
  })
})

test('policies are looked at only where an overlap was asked for, and then by the role that is missing', async () => {
  await withRotation({ policy: OVERLAP_SECONDS }, async (rotating) => {
    const failure = await failureOf(rotating.rotate({ leastOverlapSeconds: 60 }))
    assert.deepEqual([failure.code, failure.detail.lacks], ['ERR_ADMIN_FORBIDDEN', 'view-realm'])
  })
})

test('a secret becomes due by its age, and a rotation that was begun is always due', async () => {
  await withRotation({ policy: OVERLAP_SECONDS }, async (rotating) => {
    const wanted = wantedRealm({ clients: [{ ...rotating.client, rotateSeconds: 100 }] })
    const now = Date.now() / 1000
    const dueAt = (seconds: number) => findDueRotations(rotating.admin(), wanted, seconds)
    assert.deepEqual(await dueAt(now + 50), [])
    assert.deepEqual(await dueAt(now + 150), [{ clientId: 'job', because: 'age' }])
    proxy.fail(6, 'unreached', 'onwards')
    await failureOf(rotating.rotate({}, proxy.url))
    proxy.heal()
    assert.deepEqual(await dueAt(now + 50), [{ clientId: 'job', because: 'unfinished' }])
  })
})

suite('stopped at any call, the next run goes on and makes no second secret', () => {
  test('whatever call breaks, and whether or not it was done', async () => {
    await withRotation({ policy: OVERLAP_SECONDS }, async (rotating) => {
      proxy.heal()
      await rotating.rotate({}, proxy.url)
      const calls = proxy.calls()
      for (const fault of ['unreached', 'lost'] as const) {
        for (const [index, call] of calls.entries()) {
          await endOldSecret(rotating.options())
          const old = await rotating.look()
          proxy.fail(index + 1, fault, 'onwards')
          const stopped = await rotating.rotate({}, proxy.url).catch((error: unknown) => error)
          proxy.heal()
          const where = `call ${index + 1} (${call}) ${fault}`
          const isOver = (await rotating.look()).secret !== old.secret && rotating.secretInFile() !== old.secret
          const again = await rotating.rotate().catch((error: unknown) => error)
          const now = await rotating.look()
          assert.notEqual(now.secret, old.secret, where)
          assert.equal(rotating.secretInFile(), now.secret, where)
          assert.ok(await rotating.isTaken(old.secret), `${where}: the old secret is valid beside one new one`)
          assert.equal(now.attributes[ROTATION_ATTRIBUTE], undefined, where)
          assert.ok(!isProvisionError(again) || (isOver && again.detail.reason === 'overlap-running'), inspect(again))
          const said = inspect([stopped, again], { depth: 9 })
          assert.ok(![old.secret, now.secret].some((secret) => said.includes(secret)), where)
        }
      }
    })
  })
})
