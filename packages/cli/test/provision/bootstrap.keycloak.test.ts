import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN, type Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { type Outcome, run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const PASSWORD = { DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password }

let keycloak: Keycloak
let realm: string

before(async () => {
  keycloak = await useKeycloak()
  realm = `bootstrap-${randomUUID()}`
  await keycloak.admin.post('', { realm, enabled: true })
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

const folder = temporaryFolder()

function config(): string {
  return writeConfig(
    `${VALID.replace('http://127.0.0.1:9/realms/main', keycloak.issuer(realm))}
provision:
  realms: { main: { credential: { clientId: account-of-file, clientAuth: { secret: "\${NOT_THERE_YET}" } } } }
`,
    folder,
  )
}

function bootstrap(args: readonly string[], env: Record<string, string> = PASSWORD): Promise<Outcome> {
  return run(['bootstrap', '-c', config(), '--admin-user', KEYCLOAK_ADMIN.username, ...args], env)
}

function secretIn(envFile: string): string {
  return /^DOORMAN_PROVISION_SECRET=(.+)$/m.exec(readFileSync(envFile, 'utf8'))![1]!
}

test('the account of the file is made, its secret delivered, and a second run changes nothing', async () => {
  const out = join(folder, 'provision.env')
  const first = await bootstrap(['--out', out])
  assert.equal(first.exitCode, 0, first.err)
  assert.equal(statSync(out).mode & 0o777, 0o600)
  const secret = secretIn(out)
  assert.ok(!(first.out + first.err).includes(secret))

  const second = await bootstrap(['--out', out])
  assert.equal(second.exitCode, 0)
  assert.match(second.err, /as it should be/)
  assert.equal(secretIn(out), secret)
  assert.equal((await run(['plan', '-c', config()], { NOT_THERE_YET: secret })).exitCode, 2)
})

test('a pipe gets the secret and nothing else', async () => {
  const { out, err, exitCode } = await bootstrap(['--client-id', 'piped'])
  assert.equal(exitCode, 0)
  const [client] = await keycloak.admin.get<readonly { secret: string }[]>(`${realm}/clients?clientId=piped`)
  assert.equal(out, client!.secret)
  assert.ok(!err.includes(client!.secret))
})

test('a pod prints no secret, and makes nothing first', async () => {
  const args = ['--client-id', 'in-a-pod']
  const { out, exitCode } = await bootstrap(args, { ...PASSWORD, KUBERNETES_SERVICE_HOST: '10.0.0.1' })
  assert.deepEqual([out, exitCode], ['', 1])
  assert.deepEqual(await keycloak.admin.get(`${realm}/clients?clientId=in-a-pod`), [])
})

test("an administrator's service account makes it, too; its secret comes from a file", async () => {
  const clientId = `temporary-${randomUUID()}`
  const secret = randomUUID()
  const id = await keycloak.admin.post<string>('master/clients', { clientId, secret, serviceAccountsEnabled: true })
  try {
    const user = await keycloak.admin.get<{ id: string }>(`master/clients/${id}/service-account-user`)
    const role = await keycloak.admin.get('master/roles/admin')
    await keycloak.admin.post(`master/users/${user.id}/role-mappings/realm`, [role])
    writeFileSync(join(folder, 'secret'), `${secret}\n`)
    const args = ['--admin-client', clientId, '--admin-secret-file', join(folder, 'secret')]
    const outcome = await run([
      'bootstrap',
      '-c',
      config(),
      ...args,
      '--client-id',
      'by-client',
      '--out',
      join(folder, 'env'),
    ])
    assert.equal(outcome.exitCode, 0, outcome.err)
    assert.equal((await keycloak.admin.get<readonly unknown[]>(`${realm}/clients?clientId=by-client`)).length, 1)
  } finally {
    await keycloak.admin.delete(`master/clients/${id}`)
  }
})

test('a wrong password is told without the password', async () => {
  const { err, exitCode } = await bootstrap([], { DOORMAN_ADMIN_PASSWORD: 'a-wrong-password' })
  assert.equal(exitCode, 1)
  assert.match(err, /ERR_ADMIN_CREDENTIAL/)
  assert.ok(!err.includes('a-wrong-password'))
})

test('nobody is asked where nobody can answer', async () => {
  const { err, exitCode } = await bootstrap([], {})
  assert.equal(exitCode, 1)
  assert.match(err, /DOORMAN_ADMIN_PASSWORD/)
})

test('the administrator must be one or the other', async () => {
  const both = await bootstrap(['--admin-client', 'x'])
  const none = await run(['bootstrap', '-c', config()])
  assert.deepEqual([both.exitCode, none.exitCode], [1, 1])
})
