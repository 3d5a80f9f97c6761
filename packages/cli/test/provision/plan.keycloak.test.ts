import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN, type Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { type Outcome, run, spawnCommand, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

let keycloak: Keycloak
let env: Record<string, string>
const realm = `plan-${randomUUID()}`

before(async () => {
  keycloak = await useKeycloak()
  await keycloak.admin.post('', { realm, enabled: true })
  env = { SECRET: await bootstrap('doorman-provisioner'), VIEWER: await bootstrap('viewer', '--read-only') }
  for (const client of EXISTING) await keycloak.admin.post(`${realm}/clients`, client)
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

const MAPPER = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'account', 'access.token.claim': 'true' },
}

/** As people make them, in the admin console and by scripts. */
const EXISTING = [
  { clientId: 'mlflow', serviceAccountsEnabled: true, standardFlowEnabled: false, protocolMappers: [MAPPER] },
  {
    clientId: 'phoenix',
    redirectUris: ['https://phoenix.example.com/*'],
    name: '${phoenix}',
    frontchannelLogout: true,
  },
  {
    clientId: 'page',
    publicClient: true,
    redirectUris: ['https://page.example.com/callback'],
    attributes: { 'pkce.code.challenge.method': 'S256', 'access.token.lifespan': '300' },
  },
  { clientId: 'api', standardFlowEnabled: false },
  { clientId: 'wild', redirectUris: ['*'] },
  { clientId: 'https://by.url/', standardFlowEnabled: false, serviceAccountsEnabled: true, enabled: false },
  { clientId: 'saml', protocol: 'saml' },
]

async function bootstrap(clientId: string, ...args: readonly string[]): Promise<string> {
  const administrator = ['--admin-user', KEYCLOAK_ADMIN.username]
  const file = configWith('', clientId)
  const password = { DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password }
  const { out, err } = await run(
    ['bootstrap', '-c', file, '--client-id', clientId, ...administrator, ...args],
    password,
  )
  assert.notEqual(out, '', err)
  return out
}

function configWith(clients: string, clientId = 'doorman-provisioner', variable = 'SECRET'): string {
  const credential = `{ clientId: ${clientId}, clientAuth: { secret: "\${${variable}}" } }`
  return writeConfig(`${VALID.replace('http://127.0.0.1:9/realms/main', keycloak.issuer(realm))}
provision: { owner: shop, realms: { main: { credential: ${credential} } } }
${clients}`)
}

const JOB = 'clients: { job: { preset: service } }'

async function doorman(...args: readonly string[]): Promise<Outcome> {
  return run(args, env)
}

async function mergeClient(clientId: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const [client] = await keycloak.admin.get<readonly { readonly id: string }[]>(`${realm}/clients?clientId=${clientId}`)
  await keycloak.admin.merge(`${realm}/clients/${client?.id}`, changes)
}

test('a realm that lacks things is told field by field, with 2', async () => {
  const { exitCode, out, err } = await doorman('plan', '-c', configWith(JOB))
  assert.deepEqual([exitCode, err], [2, ''])
  assert.match(out, /^ {2}\+ client job +clients\.job$/m)
  assert.match(out, /^\d+ to create, 0 to change, 0 to delete$/m)
})

test('the JSON form is the plan', async () => {
  const { out } = await doorman('plan', '-c', configWith(JOB), '--json')
  const { format, owner, realms } = JSON.parse(out)
  assert.deepEqual([format, owner, realms[0].name], [1, 'shop', 'main'])
})

test('a stored plan is carried out, once, and readable by its owner alone', async () => {
  const [file, plan] = [configWith(JOB), join(temporaryFolder(), 'plan.json')]
  assert.equal((await doorman('plan', '-c', file, '--out', plan)).exitCode, 2)
  assert.equal(statSync(plan).mode & 0o777, 0o600)
  assert.equal((await doorman('apply', '-c', file, plan)).exitCode, 0)
  const again = await doorman('apply', '-c', file, plan)
  assert.equal(again.exitCode, 1)
  assert.match(again.err, /ERR_PLAN_OUTDATED/)
  const { exitCode, out } = await doorman('plan', '-c', file)
  assert.deepEqual([exitCode, out], [0, 'In sync: nothing to change'])
})

test('a credential that may only view plans as well', async () => {
  const { exitCode, err } = await doorman('plan', '-c', configWith(JOB, 'viewer', 'VIEWER'))
  assert.deepEqual([exitCode, err], [0, ''])
})

test('drift names what was changed by hand', async () => {
  const file = configWith(JOB)
  const before = await doorman('drift', '-c', file)
  assert.deepEqual([before.exitCode, before.out], [0, 'main: in sync'])
  await mergeClient('job', { directAccessGrantsEnabled: true })
  const { exitCode, out } = await doorman('drift', '-c', file)
  assert.deepEqual([exitCode, out], [2, 'main: client job: changed (directAccessGrantsEnabled)'])
  const [{ state, differences }] = JSON.parse((await doorman('drift', '-c', file, '--json')).out).realms
  assert.deepEqual([state, differences[0].fields], ['drift', ['directAccessGrantsEnabled']])
  await mergeClient('job', { directAccessGrantsEnabled: false })
})

test('a foreign client is left alone, with the way to adopt it', async () => {
  const { exitCode, out } = await doorman('plan', '-c', configWith('clients: { mlflow: {} }'))
  assert.equal(exitCode, 2)
  assert.match(out, /^ {2}! client mlflow +left alone.*adopt: true/m)
})

test('a watch tells what changes, serves metrics and ends with SIGTERM', async () => {
  const args = ['drift', '-c', configWith(JOB), '--watch', '1s', '--json', '--listen', '127.0.0.1:0']
  const child = spawnCommand(args, env)
  const end = once(child, 'exit')
  const lines = linesOf(child.stdout)
  const address = await new Promise<string>((resolve) => {
    child.stderr.on('data', (text: Buffer) => resolve(/http:\S+/.exec(String(text))?.[0] ?? ''))
  })
  assert.equal(JSON.parse(await lines()).state, 'in sync')
  await mergeClient('job', { directAccessGrantsEnabled: true })
  const { realm: name, state, at } = JSON.parse(await lines())
  assert.deepEqual([name, state], ['main', 'drift'])
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
  const metrics = await (await fetch(address)).text()
  assert.match(metrics, /^doorman_drift_changes\{realm="main"\} 1$/m)
  assert.match(metrics, /^doorman_drift_last_success_timestamp_seconds\{realm="main"\} \d{10}/m)
  assert.match(metrics, /^doorman_drift_failures_total\{realm="main"\} 0$/m)
  await mergeClient('job', { directAccessGrantsEnabled: false })
  assert.equal(JSON.parse(await lines()).state, 'in sync')
  child.kill('SIGTERM')
  assert.deepEqual(await end, [0, null])
})

/** The next line that has come or comes. */
function linesOf(stream: NodeJS.ReadableStream): () => Promise<string> {
  const lines = createInterface(stream)[Symbol.asyncIterator]()
  return async () => (await lines.next()).value ?? ''
}

test('clients that were there are described such that only their adoption is left', async () => {
  const credential = { DOORMAN_PROVISION_CLIENT_ID: 'viewer', DOORMAN_PROVISION_SECRET: env.VIEWER }
  const out = join(temporaryFolder(), 'clients.yaml')
  const args = ['init', '--from-realm', '--issuer', keycloak.issuer(realm), '--out', out]
  const { exitCode, err } = await run(args, credential)
  assert.equal(exitCode, 0, err)
  const section = readFileSync(out, 'utf8')
  for (const hidden of [/\bsaml\b/, /^ {2}job:/m, /^ {2}viewer:/m, /^ {2}account/m])
    assert.doesNotMatch(section, hidden)
  assert.match(section, /^ {2}# wild:$/m)
  assert.equal((await run(args, credential)).exitCode, 1)

  const planned = await doorman('plan', '-c', configWith(`${section}  job: {}\n`), '--json')
  assert.equal(planned.err, '')
  const [{ changes, foreign }] = JSON.parse(planned.out).realms
  const adopted = EXISTING.map(({ clientId }) => clientId).filter((clientId) => !['wild', 'saml'].includes(clientId))
  const own = changes.filter(({ name }: { name: string }) => adopted.some((clientId) => name.startsWith(clientId)))
  assert.deepEqual(
    own.map(({ action, fields }: { action: string; fields: readonly { path: string }[] }) => [
      action,
      fields.map(({ path }) => path),
    ]),
    adopted.map(() => ['adopt', ['attributes.doorman.owner']]),
  )
  assert.deepEqual(foreign, [])
})

test('a file that has a client already gets it no second time', async () => {
  const file = configWith('clients: { job: {}, mlflow: { adopt: true } }')
  const { exitCode, out } = await doorman('init', '--from-realm', '-c', file)
  assert.equal(exitCode, 0)
  assert.match(out, /^ {2}phoenix:$/m)
  assert.doesNotMatch(out, /^ {2}mlflow:$/m)
})

test('one client is described when it is named, and an unknown one is an error', async () => {
  const file = configWith('')
  const { out } = await doorman('init', '--from-realm', '-c', file, '--client', 'phoenix')
  assert.match(out, /^ {2}phoenix:$/m)
  assert.doesNotMatch(out, /^ {2}mlflow:$/m)
  assert.equal((await doorman('init', '--from-realm', '-c', file, '--client', 'nobody')).exitCode, 1)
  assert.equal((await doorman('init', '--from-realm', '-c', file, '--client', 'account')).exitCode, 1)
})

test('no secret of the realm is in anything that is printed', async () => {
  const clients = await keycloak.admin.get<readonly { readonly secret?: string }[]>(`${realm}/clients`)
  const secrets = clients.flatMap(({ secret }) => secret ?? [])
  assert.ok(secrets.length > 3)
  const file = configWith('clients: { mlflow: { adopt: true }, phoenix: { preset: bearer, adopt: true } }')
  const outcomes = await Promise.all([
    doorman('plan', '-c', file),
    doorman('plan', '-c', file, '--json'),
    doorman('drift', '-c', file, '--json'),
    doorman('init', '--from-realm', '-c', file),
  ])
  for (const secret of secrets) assert.ok(!JSON.stringify(outcomes).includes(secret))
})
