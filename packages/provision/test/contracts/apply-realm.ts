// What applying a plan does to a realm: the same for a real Keycloak and for the small one.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { isProvisionError } from '../../src/errors.ts'
import type { RealmAdmin, Representation } from '../../src/keycloak/realm-admin.ts'
import { rotationName } from '../../src/wanted/rotation-policy.ts'
import { OWNER_ATTRIBUTE, type WantedClient, type WantedRealm } from '../../src/wanted/wanted.ts'
import { adminOf, applyTo, planFor } from '../support/applying.ts'
import type { SomeKeycloak } from '../support/keycloaks.ts'
import { audienceMapper, OWNER, wantedClient, wantedRealm } from '../support/realms.ts'
import { prepareRealm, snapshotRealm, wholeRealm } from '../support/whole-realm.ts'

export function describeApplyRealm(open: () => Promise<SomeKeycloak>): void {
  let keycloak: SomeKeycloak
  let realm: string
  let wanted: WantedRealm
  let admin: RealmAdmin

  before(async () => {
    keycloak = await open()
    realm = `apply-${randomUUID()}`
    await prepareRealm(keycloak.admin, realm)
    wanted = wholeRealm(realm, keycloak.issuer(realm))
    admin = adminOf(wanted, keycloak.url)
  })
  after(async () => {
    await keycloak.admin.delete(realm)
    await keycloak.stop()
  })

  async function read(clientId: string): Promise<Representation> {
    return (await keycloak.admin.get<readonly Representation[]>(`${realm}/clients?clientId=${clientId}`))[0]!
  }

  type Named = { readonly name?: string; readonly clientId?: string }

  /** What of a realm neither the file names nor our mark is on. */
  async function ofOthers(): Promise<unknown> {
    const { clients, scopes, roles, profiles, policies } = await snapshotRealm(keycloak.admin, realm)
    const ours = ['web', 'job', 'legacy', 'abandoned', 'reports-audience', 'old-scope', 'reader', 'operator']
    const isTheirs = ({ clientId, name }: Named) => !ours.includes(clientId ?? '') && !ours.includes(name ?? '')
    const named = (list: unknown) => (list as readonly Named[]).filter(isTheirs)
    const theirs = (list: unknown, key: string) =>
      (list as Readonly<Record<string, readonly Named[]>>)[key]?.filter(({ name }) => name !== rotationName(OWNER))
    const rest = { profiles: theirs(profiles, 'profiles'), policies: theirs(policies, 'policies') }
    return { clients: named(clients), scopes: named(scopes), roles: named(roles), ...rest }
  }

  describe('a realm with one of everything', () => {
    test('what the file no longer names stays without prune', async () => {
      const before = await ofOthers()
      const { created, changed, deleted } = await applyTo(admin, wanted, { prunes: false })
      assert.deepEqual({ created, changed, deleted }, { created: 9, changed: 1, deleted: 0 })
      const { changes } = await planFor(admin, wanted)
      assert.deepEqual(changes.map(({ action, name }) => `${action} ${name}`).toSorted(), [
        'delete abandoned',
        'delete old-scope',
      ])
      assert.deepEqual(await ofOthers(), before)
    })

    test('with prune it goes, and nothing else does', async () => {
      const before = await ofOthers()
      const { deleted, calls } = await applyTo(admin, wanted)
      assert.equal(deleted, 2)
      // Two deletions, the lock and its release.
      assert.equal(calls.writes, 4)
      assert.deepEqual(await ofOthers(), before)
      const { changes, foreign, unseen } = await planFor(admin, wanted)
      assert.deepEqual([changes, foreign, unseen], [[], [], []])
    })

    test('a second run writes nothing', async () => {
      const { calls, unchanged } = await applyTo(admin, wanted)
      assert.equal(calls.writes, 0)
      assert.equal(unchanged, 10)
    })

    test('a client that was taken over keeps what the file does not name', async () => {
      const { secret, attributes, authorizationServicesEnabled, redirectUris, protocolMappers } = await read('legacy')
      assert.equal(secret, 'known to others')
      assert.equal((attributes as Record<string, string>)['of.others'], 'stays')
      assert.equal(authorizationServicesEnabled, true)
      assert.deepEqual(redirectUris, ['https://new.example.com/*'])
      assert.deepEqual((protocolMappers as readonly Named[]).map(({ name }) => name).toSorted(), ['ours', 'theirs'])
    })

    test('a secret that was made opens the token endpoint, and survives a change of the client', async () => {
      const { secret } = await read('job')
      assert.equal(await tokenStatus('job', String(secret)), 200)
      const [web, job, legacy] = wanted.clients
      const renamed = { ...job!, settings: { ...job!.settings, name: 'Nightly job' } }
      const { changed } = await applyTo(admin, { ...wanted, clients: [web!, renamed, legacy!] })
      assert.equal(changed, 1)
      assert.equal((await read('job')).secret, secret)
      await applyTo(admin, wanted)
    })

    test('a rotated secret overlaps for clients of ours, and a change of the client does not end that', async () => {
      const { id, secret } = await read('job')
      const next = await admin.clients.regenerateSecret(String(id))
      await applyTo(admin, { ...wanted, clients: wanted.clients.map((client) => withName(client)) })
      assert.deepEqual([await tokenStatus('job', String(secret)), await tokenStatus('job', next)], [200, 200])
      await applyTo(admin, wanted)
    })

    test('what was changed by hand is corrected', async () => {
      const { id, protocolMappers } = await read('web')
      const client = `${realm}/clients/${id}`
      await keycloak.admin.merge(client, { redirectUris: ['https://evil.example/*'], webOrigins: ['*'] })
      await keycloak.admin.delete(
        `${client}/protocol-mappers/models/${(protocolMappers as readonly { id: string }[])[0]!.id}`,
      )
      await keycloak.admin.delete(`${client}/roles/viewer`)
      const { changed, created } = await applyTo(admin, wanted)
      // The role that went took itself from the service account, too.
      assert.deepEqual({ changed, created }, { changed: 2, created: 1 })
      assert.deepEqual((await planFor(admin, wanted)).changes, [])
      assert.deepEqual((await read('web')).webOrigins, [])
    })

    test('a scope moves from one list to the other', async () => {
      const move = (client: WantedRealm['clients'][number]) =>
        client.clientId === 'web'
          ? { ...client, defaultScopes: ['basic', 'email'], optionalScopes: ['profile'] }
          : client
      await applyTo(admin, { ...wanted, clients: wanted.clients.map(move) })
      const { defaultClientScopes, optionalClientScopes } = await read('web')
      assert.deepEqual([defaultClientScopes, optionalClientScopes], [['basic', 'email'].toSorted(), ['profile']])
    })
  })

  test('one list of scopes alone is corrected after the realm has given its own', async () => {
    const one = wantedRealm({
      realm,
      issuer: wanted.issuer,
      clients: [wantedClient('one-list', { defaultScopes: ['basic', 'address'] })],
    })
    await applyTo(admin, one, { prunes: false, owner: 'another file' })
    const { defaultClientScopes, optionalClientScopes } = await read('one-list')
    assert.deepEqual((defaultClientScopes as readonly string[]).toSorted(), ['address', 'basic', 'service_account'])
    assert.ok(!(optionalClientScopes as readonly string[]).includes('address'))
  })

  test('derived origins follow redirect URIs, and those that somebody set stay', async () => {
    const at = (...redirectUris: readonly string[]) => {
      const clients = [wantedClient('moving', { settings: { standardFlowEnabled: true, redirectUris } })]
      const one = wantedRealm({ realm, issuer: wanted.issuer, clients })
      return applyTo(admin, one, { prunes: false, owner: 'another file' })
    }
    await at('https://old.example/cb', 'https://old.example/other', 'app:/cb')
    assert.deepEqual((await read('moving')).webOrigins, ['https://old.example'])
    await at('https://new.example/cb')
    assert.deepEqual((await read('moving')).webOrigins, ['https://new.example'])
    await keycloak.admin.merge(`${realm}/clients/${(await read('moving')).id}`, {
      webOrigins: ['https://chosen.example'],
    })
    await at('https://newest.example/cb')
    assert.deepEqual((await read('moving')).webOrigins, ['https://chosen.example'])
  })

  test('a scope that is not there is named before the client is made', async () => {
    const clients = [wantedClient('no-scope', { defaultScopes: ['basic', 'nowhere'], optionalScopes: [] })]
    const odd = wantedRealm({ realm, issuer: wanted.issuer, clients })
    await assert.rejects(applyTo(admin, odd, { prunes: false }), (error) => {
      return isProvisionError(error, 'ERR_ADMIN_REFUSED') && error.detail.what === 'client scope nowhere'
    })
    assert.equal(await admin.clients.find('no-scope'), undefined)
  })

  test('a client of somebody else is refused before anything is written', async () => {
    const clients = [wantedClient('stranger', { adopt: true }), wantedClient('never')]
    const before = admin.counts().writes
    const applying = applyTo(admin, wantedRealm({ realm, issuer: wanted.issuer, clients }), { prunes: false })
    await assert.rejects(applying, (error) => isProvisionError(error, 'ERR_CLIENT_FOREIGN'))
    assert.equal(admin.counts().writes, before)
  })

  test('an empty secret is replaced by one that Keycloak makes', async () => {
    const one = wantedRealm({ realm, issuer: wanted.issuer, clients: [wantedClient('hollow')] })
    await applyTo(admin, one, { prunes: false, owner: 'another file' })
    await keycloak.admin.merge(`${realm}/clients/${(await read('hollow')).id}`, { secret: '' })
    await applyTo(admin, one, { prunes: false, owner: 'another file' })
    assert.match(String((await read('hollow')).secret), /^\w{20,}$/)
  })

  test('a mapper of ours loses what was added to it by hand', async () => {
    const mappers = { own: audienceMapper('hollow') }
    const one = wantedRealm({ realm, issuer: wanted.issuer, clients: [wantedClient('mapped', { mappers })] })
    await applyTo(admin, one, { prunes: false, owner: 'another file' })
    const { id, protocolMappers } = await read('mapped')
    const [mapper] = protocolMappers as readonly { readonly id: string; readonly config: object }[]
    await keycloak.admin.put(`${realm}/clients/${id}/protocol-mappers/models/${mapper!.id}`, {
      ...mapper,
      config: { ...mapper!.config, 'id.token.claim': 'true' },
    })
    await applyTo(admin, one, { prunes: false, owner: 'another file' })
    const [corrected] = (await read('mapped')).protocolMappers as readonly { readonly config: object }[]
    assert.deepEqual(corrected!.config, { ...mappers.own.config })
  })

  /** Somebody does that at the first write, which is the lock: after the plan, before everything else. */
  function meanwhile(work: () => Promise<unknown>): RealmAdmin {
    let isDone = false
    const create: RealmAdmin['clients']['create'] = async (client) => {
      if (!isDone) await work()
      isDone = true
      return admin.clients.create(client)
    }
    return { ...admin, clients: { ...admin.clients, create } }
  }

  async function giveTo(owner: string, clientId: string): Promise<void> {
    const attributes = { [OWNER_ATTRIBUTE]: owner }
    await admin.clients.update(String((await read(clientId)).id), { clientId, attributes })
  }

  function only(...clients: readonly WantedClient[]): WantedRealm {
    return wantedRealm({ realm, issuer: wanted.issuer, clients })
  }

  test('a client that somebody else has marked since the plan is neither changed nor deleted', async () => {
    const [taken, file] = [wantedClient('taken'), { prunes: true, owner: 'a third file' }]
    await applyTo(admin, only(taken), file)
    await applyTo(
      meanwhile(() => giveTo('somebody else', 'taken')),
      only(),
      file,
    )
    assert.notEqual(await admin.clients.find('taken'), undefined)

    await giveTo('a third file', 'taken')
    const applying = applyTo(
      meanwhile(() => giveTo('somebody else', 'taken')),
      only(withName(taken)),
      file,
    )
    await assert.rejects(applying, (error) => isProvisionError(error, 'ERR_CLIENT_FOREIGN'))
    assert.equal((await read('taken')).name, undefined)
  })

  test('a client that somebody made since the plan is a conflict, unless it is ours', async () => {
    const file = { prunes: false, owner: 'a third file' }
    const make = (owner: string) => () =>
      keycloak.admin.post(`${realm}/clients`, { clientId: 'early', attributes: { [OWNER_ATTRIBUTE]: owner } })
    const applying = applyTo(meanwhile(make('somebody else')), only(wantedClient('early')), file)
    await assert.rejects(applying, (error) => isProvisionError(error, 'ERR_CLIENT_FOREIGN'))
    await admin.clients.delete(String((await read('early')).id))
    await applyTo(meanwhile(make('a third file')), only(wantedClient('early')), file)
    assert.equal((await read('early')).serviceAccountsEnabled, true)
  })

  test('a secret that is rotated while its client is written stays the new one', async () => {
    const file = { prunes: false, owner: 'a fourth file' }
    const turning = wantedClient('turning')
    await applyTo(admin, only(turning), file)
    let next: string | undefined
    const find: RealmAdmin['clients']['find'] = async (clientId) => {
      const found = await admin.clients.find(clientId)
      if (clientId === 'turning') next = await admin.clients.regenerateSecret(String(found?.id))
      return found
    }
    await applyTo({ ...admin, clients: { ...admin.clients, find } }, only(withName(turning)), file)
    const { name, secret } = await read('turning')
    assert.equal(name, 'another')
    assert.ok(next !== undefined)
    assert.equal(secret, next)
  })

  function withName(client: WantedRealm['clients'][number]) {
    return { ...client, settings: { ...client.settings, name: 'another' } }
  }

  async function tokenStatus(clientId: string, secret: string): Promise<number> {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret }
    const endpoint = `${keycloak.issuer(realm)}/protocol/openid-connect/token`
    return (await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) })).status
  }
}
