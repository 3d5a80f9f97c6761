// "doorman secret" at a real Keycloak; what it says is searched for secrets after each command.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseEnv } from 'node:util'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { giveRoles } from '../../../provision/test/support/whole-realm.ts'
import { type Outcome, run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const realm = `secret-${randomBytes(4).toString('hex')}`
const PROVISIONER = { clientId: 'provisioner', secret: 'provisioner-of-the-tests' }
const ROLES = ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers']
const folder = temporaryFolder()
const env = { DOORMAN_PROVISION_SECRET: PROVISIONER.secret }
const secrets = new Set([PROVISIONER.secret])

let keycloak: Keycloak
let file: string

function buildConfig(): string {
  const gateway = VALID.replace('http://127.0.0.1:9/realms/main', keycloak.issuer(realm))
  return `${gateway}provision:
  owner: secret-test
  overlap: 1h
  realms: { main: { credential: { clientId: provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } } } }
clients:
  job:
    rotate: 30d
    deliver:
      - { envFile: ./job.env, shape: otel }
      - { command: [node, -e, "require('fs').readFileSync(0)"], shape: generic }
  page:
    preset: spa
    redirectUris: ["https://page.example.com/"]
`
}

before(async () => {
  keycloak = await useKeycloak()
  const { admin } = keycloak
  await admin.post('', { realm, enabled: true })
  await admin.post(`${realm}/clients`, { ...PROVISIONER, serviceAccountsEnabled: true, standardFlowEnabled: false })
  await giveRoles(admin, realm, PROVISIONER.clientId, ROLES)
  file = writeConfig(buildConfig(), folder)
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

function secretInFile(): string {
  const secret = parseEnv(readFileSync(join(folder, 'job.env'), 'utf8')).MLFLOW_CLIENT_SECRET ?? ''
  secrets.add(secret)
  return secret
}

async function isTaken(secret: string): Promise<boolean> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'job', client_secret: secret })
  const url = `${keycloak.issuer(realm)}/protocol/openid-connect/token`
  const response = await fetch(url, { method: 'POST', body })
  await response.text()
  return response.ok
}

async function secretOf(clientId: string): Promise<string> {
  const [client] = await keycloak.admin.get<readonly { secret: string }[]>(`${realm}/clients?clientId=${clientId}`)
  secrets.add(client?.secret ?? '')
  return client?.secret ?? ''
}

/** Runs a command and finds no secret in what it says. */
async function runSilently(...args: readonly string[]): Promise<Outcome> {
  const outcome = await run([...args, '-c', file], env)
  await secretOf('job')
  for (const secret of secrets) {
    assert.notEqual(secret, '')
    assert.ok(!`${outcome.out}${outcome.err}`.includes(secret), `${args.join(' ')} says a secret`)
  }
  return outcome
}

test('apply delivers at its end, and again only what cannot be compared', async () => {
  const first = await runSilently('apply', '--json')
  assert.equal(first.exitCode, 0, first.err)
  const [{ clients }] = JSON.parse(first.out).deliveries
  assert.deepEqual(
    clients[0].places.map(({ place, outcome }: { place: string; outcome: string }) => [place, outcome]),
    [
      ['file job.env', 'created'],
      ['command node', 'ran'],
    ],
  )
  assert.equal(secretInFile(), await secretOf('job'))
  assert.ok(await isTaken(secretInFile()))
  const again = await runSilently('apply', '--json')
  assert.equal(JSON.parse(again.out).deliveries[0].clients[0].places[0].outcome, 'unchanged')
})

test('shows a secret to a pipe alone, and never in a pod', async () => {
  const args = ['secret', 'show', 'job', '-c', file]
  const shown = await run(args, env)
  assert.deepEqual([shown.exitCode, shown.out, shown.err], [0, await secretOf('job'), ''])
  for (const reveal of [[], ['--reveal']]) {
    const inPod = await run([...args, ...reveal], { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' })
    assert.deepEqual([inPod.exitCode, inPod.out], [1, ''])
  }
  assert.equal((await runSilently('secret', 'show', 'page')).exitCode, 1)
  assert.equal((await runSilently('secret', 'show', 'nobody')).exitCode, 1)
})

test('says what would be written, and writes it', async () => {
  rmSync(join(folder, 'job.env'))
  const dry = await runSilently('secret', 'deliver', 'job', '--dry-run')
  assert.equal(dry.exitCode, 2)
  assert.throws(() => secretInFile(), { code: 'ENOENT' })
  assert.equal((await runSilently('secret', 'deliver')).exitCode, 0)
  assert.equal(secretInFile(), await secretOf('job'))
})

test('a place that fails is told, and ends with 1', async () => {
  writeFileSync(join(folder, 'job.env'), 'OTHERS=1\n')
  for (const command of [['secret', 'deliver'], ['apply'], ['secret', 'rotate', 'job']]) {
    const { exitCode, err } = await runSilently(...command)
    assert.equal(exitCode, 1)
    assert.match(err, /ERR_DELIVERY_FAILED|ERR_ROTATION_REFUSED/)
  }
  rmSync(join(folder, 'job.env'))
  await runSilently('secret', 'deliver')
})

test('rotates beside the old secret, and ends that one when asked', async () => {
  const old = secretInFile()
  const rotated = await runSilently('secret', 'rotate', 'job', '--overlap', '1h', '--json')
  assert.equal(rotated.exitCode, 0, rotated.err)
  const [{ way, isResumed, gapSeconds, oldUntil }] = JSON.parse(rotated.out).rotated
  assert.deepEqual([way, isResumed, gapSeconds], ['overlap', false, null])
  assert.ok(Date.parse(oldUntil) > Date.now())
  assert.notEqual(secretInFile(), old)
  assert.deepEqual([await isTaken(old), await isTaken(secretInFile())], [true, true])
  assert.equal((await runSilently('secret', 'rotate', 'job')).exitCode, 1)
  assert.equal((await runSilently('secret', 'rotate', 'job', '--end-old')).exitCode, 0)
  assert.deepEqual([await isTaken(old), await isTaken(secretInFile())], [false, true])
})

test('plan is in sync after a rotation', async () => {
  const { exitCode, out } = await runSilently('plan')
  assert.equal(exitCode, 0, out)
})

test('a longer overlap than the policy of the realm is refused, and none is due', async () => {
  const before = await secretOf('job')
  assert.equal((await runSilently('secret', 'rotate', 'job', '--overlap', '2h')).exitCode, 1)
  assert.equal((await runSilently('secret', 'rotate', 'job', '--resume')).exitCode, 1)
  assert.equal((await runSilently('secret', 'rotate', '--due')).exitCode, 0)
  assert.equal(await secretOf('job'), before)
})
