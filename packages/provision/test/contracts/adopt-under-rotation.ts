// A client whose secret somebody chose, taken over in a realm where secrets rotate: Keycloak refuses some of its PUTs there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findDueRotations } from '../../src/secrets/rotation-due.ts'
import type { WantedClient, WantedRealm } from '../../src/wanted/wanted.ts'
import { applyTo, planFor } from '../support/applying.ts'
import type { SomeKeycloak } from '../support/keycloaks.ts'
import { wantedRealm } from '../support/realms.ts'
import { OVERLAP_SECONDS, prepareRotation, type Rotating } from '../support/rotating.ts'

const CHOSEN = 'chosen by somebody'

export function describeAdoptUnderRotation(open: () => Promise<SomeKeycloak>): void {
  let keycloak: SomeKeycloak
  let rotating: Rotating

  before(async () => {
    keycloak = await open()
    const roles = ['manage-clients', 'manage-realm', 'view-users']
    rotating = await prepareRotation(keycloak, { roles, chosenSecret: CHOSEN })
    await rotating.setPolicy(OVERLAP_SECONDS)
  })
  after(async () => {
    await rotating.close()
    await keycloak.stop()
  })

  function file(parts: Partial<WantedClient>): WantedRealm {
    const { realm, issuer, client } = rotating
    return wantedRealm({
      realm,
      issuer,
      clients: [{ ...client, adopt: true, rotateSeconds: 86_400, ...parts }],
      rotation: { overlapSeconds: OVERLAP_SECONDS, because: 'clients.job' },
    })
  }

  test('it is taken over and changed, and keeps its secret', async () => {
    const adopted = file({})
    await applyTo(rotating.admin(), adopted)
    await applyTo(rotating.admin(), file({ settings: { ...rotating.client.settings, name: 'Nightly job' } }))
    assert.equal((await rotating.look()).secret, CHOSEN)
    assert.deepEqual((await planFor(rotating.admin(), adopted)).changes, [])
  })

  test('nobody knows how old its secret is, so that it is due', async () => {
    const due = await findDueRotations(rotating.admin(), file({}), Math.floor(Date.now() / 1000))
    assert.deepEqual(due, [{ clientId: 'job', because: 'unknown age' }])
  })

  test('its secret is rotated with an overlap', async () => {
    await rotating.deliver()
    const { way } = await rotating.rotate()
    assert.equal(way, 'overlap')
    const { secret } = await rotating.look()
    assert.notEqual(secret, CHOSEN)
    assert.deepEqual([await rotating.isTaken(CHOSEN), await rotating.isTaken(secret)], [true, true])
  })
}
