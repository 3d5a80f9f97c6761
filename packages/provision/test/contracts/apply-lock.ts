// Who may apply when: the same for a real Keycloak and for the small one.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { acquireApplyLock, LOCK_STALE_SECONDS, sweepApplyLock } from '../../src/apply/apply-lock.ts'
import { isProvisionError } from '../../src/errors.ts'
import type { RealmAdmin, Representation } from '../../src/keycloak/realm-admin.ts'
import { APPLY_LOCK_CLIENT_ID } from '../../src/wanted/apply-lock-client.ts'
import { adminOf, applyTo, planFor } from '../support/applying.ts'
import type { SomeKeycloak } from '../support/keycloaks.ts'
import { OWNER, wantedClient, wantedRealm } from '../support/realms.ts'
import { giveRoles, PROVISIONER } from '../support/whole-realm.ts'

const NOW = 1_800_000_000

export function describeApplyLock(open: () => Promise<SomeKeycloak>): void {
  let keycloak: SomeKeycloak
  let realm: string
  let admin: RealmAdmin

  before(async () => {
    keycloak = await open()
    realm = `lock-${randomUUID()}`
    await keycloak.admin.post('', { realm, enabled: true })
    await keycloak.admin.post(`${realm}/clients`, { ...PROVISIONER, serviceAccountsEnabled: true })
    await giveRoles(keycloak.admin, realm, PROVISIONER.clientId, ['manage-clients'])
    admin = adminOf({ issuer: keycloak.issuer(realm) }, keycloak.url)
  })
  after(async () => {
    await keycloak.admin.delete(realm)
    await keycloak.stop()
  })
  afterEach(async () => {
    const left = await admin.clients.find(APPLY_LOCK_CLIENT_ID)
    if (left !== undefined) await admin.clients.delete(String(left.id))
  })

  function at(seconds: number) {
    return { admin, owner: OWNER, nowSeconds: () => seconds }
  }

  /** As if it were held by a process that nobody here can look for. */
  async function moveElsewhere(): Promise<Representation> {
    const { id } = (await admin.clients.find(APPLY_LOCK_CLIENT_ID))!
    const attributes = {
      'doorman.lock.process': '{"space":"another machine","pid":1}',
      'doorman.lock.token': randomUUID(),
    }
    await admin.clients.update(String(id), { clientId: APPLY_LOCK_CLIENT_ID, attributes })
    return (await admin.clients.find(APPLY_LOCK_CLIENT_ID))!
  }

  test('the second one is told who is at it and since when', async () => {
    const lock = await acquireApplyLock(at(NOW))
    await assert.rejects(acquireApplyLock(at(NOW + 10)), (error) => {
      assert.ok(isProvisionError(error, 'ERR_APPLY_RUNNING'))
      assert.match(String(error.detail.holder), /^shop on /)
      assert.equal(error.detail.since, new Date(NOW * 1000).toISOString())
      return true
    })
    await lock.release()
    await (await acquireApplyLock(at(NOW + 11))).release()
    assert.equal(await admin.clients.find(APPLY_LOCK_CLIENT_ID), undefined)
  })

  test("somebody else's client of that name is neither deleted nor taken for a lock", async () => {
    const id = await keycloak.admin.post<string>(`${realm}/clients`, { clientId: APPLY_LOCK_CLIENT_ID })
    await assert.rejects(acquireApplyLock(at(NOW)), (error) => isProvisionError(error, 'ERR_CLIENT_FOREIGN'))
    await sweepApplyLock(at(NOW))
    assert.equal((await admin.clients.find(APPLY_LOCK_CLIENT_ID))?.id, id)
  })

  test('of many at once exactly one gets it', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => acquireApplyLock(at(NOW))))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  test('of many at once exactly one takes over a stale one', async () => {
    await acquireApplyLock(at(NOW))
    await moveElsewhere()
    const later = at(NOW + LOCK_STALE_SECONDS + 1)
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => acquireApplyLock(later)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  test('one that is kept does not become stale', async () => {
    let now = NOW
    const lock = await acquireApplyLock({ ...at(0), nowSeconds: () => now })
    for (const minute of [1, 2, 3, 4, 5, 6, 7]) {
      now = NOW + minute * 61
      await lock.keep()
    }
    await moveElsewhere()
    await assert.rejects(acquireApplyLock(at(now + 10)), (error) => isProvisionError(error, 'ERR_APPLY_RUNNING'))
  })

  test('whoever has lost it is told so when it is kept', async () => {
    let now = NOW
    const lock = await acquireApplyLock({ ...at(0), nowSeconds: () => now })
    const { id } = await moveElsewhere()
    await admin.clients.delete(String(id))
    const next = await acquireApplyLock(at(NOW))
    now += 61
    await assert.rejects(lock.keep(), (error) => isProvisionError(error, 'ERR_APPLY_RUNNING'))
    await lock.release()
    await next.keep()
    assert.notEqual(await admin.clients.find(APPLY_LOCK_CLIENT_ID), undefined)
    await next.release()
  })

  test('one of a process of this machine that has ended is taken over at once', async () => {
    await acquireApplyLock(at(NOW))
    const { id, attributes } = (await admin.clients.find(APPLY_LOCK_CLIENT_ID))!
    const holder = JSON.parse((attributes as Record<string, string>)['doorman.lock.process']!)
    // No process has this number: it is beyond the largest one that Linux gives.
    const ended = { 'doorman.lock.process': JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }) }
    await admin.clients.update(String(id), { clientId: APPLY_LOCK_CLIENT_ID, attributes: ended })
    await (await acquireApplyLock(at(NOW + 1))).release()
  })

  test('it is no part of a plan, and nothing prunes it', async () => {
    await acquireApplyLock(at(NOW))
    const wanted = wantedRealm({ realm, issuer: keycloak.issuer(realm) })
    assert.deepEqual((await planFor(admin, wanted)).changes, [])
  })

  test('an apply refuses while somebody else is at it, and writes nothing', async () => {
    await acquireApplyLock({ ...at(0), nowSeconds: () => Math.floor(Date.now() / 1000) })
    const wanted = wantedRealm({ realm, issuer: keycloak.issuer(realm), clients: [wantedClient('late')] })
    await assert.rejects(applyTo(admin, wanted), (error) => isProvisionError(error, 'ERR_APPLY_RUNNING'))
    assert.equal(await admin.clients.find('late'), undefined)
  })

  test('an apply that is interrupted gives the lock back, and the next one goes on', async () => {
    const clients = Array.from({ length: 50 }, (_, number) => wantedClient(`many-${number}`))
    const wanted = wantedRealm({ realm, issuer: keycloak.issuer(realm), clients })
    const interruption = new AbortController()
    const report = ({ done }: { readonly done: number }) => {
      if (done === 5) interruption.abort()
    }
    const applying = applyTo(admin, wanted, { prunes: false, report, signal: interruption.signal })
    await assert.rejects(applying, (error) => error === interruption.signal.reason)
    assert.equal(await admin.clients.find(APPLY_LOCK_CLIENT_ID), undefined)
    const { created } = await applyTo(admin, wanted, { prunes: false })
    assert.ok(created > 0 && created <= 45, String(created))
    await applyTo(admin, wantedRealm({ realm, issuer: keycloak.issuer(realm) }))
  })

  test('two applies at once leave one of everything', async () => {
    const wanted = wantedRealm({
      realm,
      issuer: keycloak.issuer(realm),
      clients: ['a', 'b', 'c', 'd'].map((name) => wantedClient(name)),
    })
    const outcomes = await Promise.allSettled([applyTo(admin, wanted), applyTo(admin, wanted)])
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    for (const failure of failures) assert.ok(isProvisionError(failure, 'ERR_APPLY_RUNNING'), String(failure))
    assert.ok(failures.length < 2)
    assert.deepEqual((await planFor(admin, wanted)).changes, [])
  })

  test('a stale one is swept by an apply that has nothing to do', async () => {
    await acquireApplyLock(at(NOW))
    await moveElsewhere()
    await sweepApplyLock({ admin, nowSeconds: () => NOW + 10 })
    assert.notEqual(await admin.clients.find(APPLY_LOCK_CLIENT_ID), undefined)
    await sweepApplyLock({ admin, nowSeconds: () => NOW + LOCK_STALE_SECONDS + 1 })
    assert.equal(await admin.clients.find(APPLY_LOCK_CLIENT_ID), undefined)
  })
}
