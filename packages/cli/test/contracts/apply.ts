// "doorman apply": the same for a real Keycloak and for the small one.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN } from '@doorman/dev-realm/keycloak'
import { startAdminProxy } from '../../../provision/test/support/admin-proxy.ts'
import type { SomeKeycloak } from '../../../provision/test/support/keycloaks.ts'
import { endOf, type Outcome, run, spawnCommand, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const LOCK = 'doorman-apply-lock'

export function describeApply(open: () => Promise<SomeKeycloak>): void {
  let keycloak: SomeKeycloak
  let realm: string
  let env: Record<string, string>

  before(async () => {
    keycloak = await open()
    realm = `apply-${randomUUID()}`
    await keycloak.admin.post('', { realm, enabled: true })
    const args = ['--admin-user', KEYCLOAK_ADMIN.username]
    const password = { DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password }
    const { out, err } = await run(['bootstrap', '-c', configWith('job'), ...args], password)
    assert.notEqual(out, '', err)
    env = { SECRET: out }
  })
  after(async () => {
    await keycloak.admin.delete(realm)
    await keycloak.stop()
  })

  function configWith(...clients: readonly string[]): string {
    return configAt(keycloak.url, clients)
  }

  function configAt(adminUrl: string, clients: readonly string[]): string {
    const credential = '{ clientId: doorman-provisioner, clientAuth: { secret: "${SECRET}" } }'
    const entries = clients.map((client) => `  ${client}: { preset: service }`)
    return writeConfig(`${VALID.replace('http://127.0.0.1:9/realms/main', keycloak.issuer(realm))}
provision: { owner: shop, realms: { main: { adminUrl: "${adminUrl}", credential: ${credential} } } }
clients:
${entries.join('\n')}
`)
  }

  function apply(file: string, ...args: readonly string[]): Promise<Outcome> {
    return run(['apply', '-c', file, ...args], env)
  }

  async function hasClient(clientId: string): Promise<boolean> {
    const found = await keycloak.admin.get<readonly unknown[]>(
      `${realm}/clients?clientId=${encodeURIComponent(clientId)}`,
    )
    return found.length === 1
  }

  test('the first run makes everything, the second writes nothing', async () => {
    const file = configWith('job', 'extra')
    const first = await apply(file)
    assert.equal(first.exitCode, 0, first.err)
    assert.match(first.err, /create client job/)
    const { exitCode, out } = await apply(file, '--json')
    assert.equal(exitCode, 0)
    const { realms } = JSON.parse(out)
    assert.deepEqual([realms[0].created, realms[0].changed, realms[0].calls.writes], [0, 0, 0])
    assert.equal((await run(['plan', '-c', file], env)).exitCode, 0)
  })

  test('prune asks, and where nobody can answer it changes nothing', async () => {
    const file = configWith('job')
    assert.equal((await apply(file)).exitCode, 0)
    assert.equal(await hasClient('extra'), true)
    const asked = await apply(file, '--prune')
    assert.equal(asked.exitCode, 1)
    assert.match(asked.err, /client extra/)
    assert.equal(await hasClient('extra'), true)
    const sure = await apply(file, '--prune', '--yes')
    assert.equal(sure.exitCode, 0, sure.err)
    assert.equal(await hasClient('extra'), false)
  })

  test('a plan is carried out as it was read, or not at all', async () => {
    const plan = join(temporaryFolder(), 'plan.json')
    const file = configWith('job', 'planned')
    assert.equal((await run(['plan', '-c', file, '--out', plan], env)).exitCode, 2)
    assert.equal((await apply(file, plan)).exitCode, 0)
    assert.equal(await hasClient('planned'), true)
    const again = await apply(file, plan)
    assert.equal(again.exitCode, 1)
    assert.match(again.err, /ERR_PLAN_OUTDATED/)
  })

  test("somebody else's client is refused before anything is written", async () => {
    await keycloak.admin.post(`${realm}/clients`, { clientId: 'taken' })
    const { exitCode, err } = await apply(configWith('job', 'taken', 'untouched'))
    assert.equal(exitCode, 1)
    assert.match(err, /ERR_CLIENT_FOREIGN/)
    assert.equal(await hasClient('untouched'), false)
  })

  test('parts that could not be seen are no success', async () => {
    const [account] = await keycloak.admin.get<readonly { id: string }[]>(
      `${realm}/clients?clientId=doorman-provisioner`,
    )
    const user = await keycloak.admin.get<{ id: string }>(`${realm}/clients/${account!.id}/service-account-user`)
    const [management] = await keycloak.admin.get<readonly { id: string }[]>(
      `${realm}/clients?clientId=realm-management`,
    )
    const mapping = `${realm}/users/${user.id}/role-mappings/clients/${management!.id}`
    const roles = await keycloak.admin.get<readonly { name: string }[]>(mapping)
    const manageRealm = roles.filter(({ name }) => name === 'manage-realm')
    await callAsAdministrator('DELETE', mapping, manageRealm)
    try {
      const { exitCode, out } = await apply(configWith('job'))
      assert.equal(exitCode, 1)
      assert.match(out, /view-realm/)
    } finally {
      await keycloak.admin.post(mapping, manageRealm)
    }
  })

  test('Ctrl-C gives the lock back, and the next run goes on', async () => {
    const names = Array.from({ length: 40 }, (_, number) => `many-${number}`)
    const proxy = await startAdminProxy(keycloak.url)
    try {
      // The first creation is the lock.
      const held = proxy.hold('POST /clients', 3)
      const child = spawnCommand(['apply', '-c', configAt(proxy.url, names)], env)
      const ending = endOf(child)
      await Promise.race([held.reached, ending])
      const heard = new Promise<void>((resolve) => {
        child.stderr.on('data', (text) => String(text).includes('SIGINT') && resolve())
      })
      child.kill('SIGINT')
      await Promise.race([heard, ending])
      held.release()
      const { exitCode, err } = await ending
      assert.equal(exitCode, 1, err)
      assert.match(err, /interrupted/)
    } finally {
      await proxy.close()
    }
    assert.equal(await hasClient(LOCK), false)
    assert.equal(await hasClient('many-39'), false)
    assert.equal((await apply(configWith(...names))).exitCode, 0)
    assert.equal(await hasClient('many-39'), true)
  })

  async function callAsAdministrator(method: string, path: string, body: unknown): Promise<void> {
    const authorization = `Bearer ${await keycloak.admin.token()}`
    const headers = { authorization, 'content-type': 'application/json' }
    const url = `${keycloak.url}/admin/realms/${path}`
    const { ok } = await fetch(url, { method, headers, body: JSON.stringify(body) })
    assert.ok(ok)
  }
}
