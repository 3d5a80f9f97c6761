import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GATEWAY_SECRETS } from '@doorman/gateway'
import { openGround } from '../../src/provision/ground.ts'
import { run, temporaryFolder, writeConfig } from '../support/command.ts'
import { buildFile, models, readFile } from '../support/wanted-file.ts'

const folder = temporaryFolder()
const CREDENTIAL = '{ clientId: p, clientAuth: { secret: "${PROVISION_SECRET}" } }'
const ENV = { PROVISION_SECRET: 'a secret of the tests' }

async function open(text: string, env: Readonly<Record<string, string>> = ENV) {
  const told: string[] = []
  const terminal = { print: () => undefined, tell: (line: string) => void told.push(line), isInteractive: false }
  const ground = await openGround({ file: writeConfig(text, folder), onCall: () => undefined }, terminal, env)
  return { ground, told: told.join('\n') }
}

function provision(fields: string): string {
  return `provision: { realms: { ${fields} } }\n`
}

test('secrets of the gateway need not be there yet, and are named', async () => {
  const text = buildFile({ rest: provision(`main: { credential: ${CREDENTIAL} }`) })
  const { ground, told } = await open(text.replace('{ secret: x }', '{ secret: "${KEYCLOAK_CLIENT_SECRET}" }'))
  assert.deepEqual(ground?.absent, ['realms.main.clientAuth.secret'])
  assert.equal(told, '')
})

test('the secret of the provisioner must be there', async () => {
  const { ground, told } = await open(buildFile({ rest: provision(`main: { credential: ${CREDENTIAL} }`) }), {})
  assert.equal(ground, undefined)
  assert.match(told, /provision\.realms\.main\.credential\.clientAuth\.secret/)
})

test('who makes the credential can read the file without it', () => {
  const text = buildFile({ rest: `${provision(`main: { credential: ${CREDENTIAL} }`)}clients: { app: {} }\n` })
  assert.equal(readFile(text).wanted, undefined)
  assert.ok(readFile(text, {}, false).wanted?.realms[0]?.clients.some(({ clientId }) => clientId === 'app'))
})

test('without a realm to reach there is nothing to stand on', async () => {
  const { ground, told } = await open(buildFile({}))
  assert.equal(ground, undefined)
  assert.match(told, /provision\.realms/)
})

test('a realm without a credential is left alone, and that is said', async () => {
  const realms = models('obtain: clientCredentials')
  const { ground, told } = await open(buildFile({ realms, rest: provision(`main: { credential: ${CREDENTIAL} }`) }))
  assert.deepEqual(
    ground?.realms.map(({ wanted }) => wanted.name),
    ['main'],
  )
  assert.match(told, /models/)
})

test('the admin interface is where the back channel is, or where the file says', async () => {
  const inside = buildFile({ rest: provision(`main: { credential: ${CREDENTIAL} }`) })
  const backchannel = inside.replace(
    'clientId: web-gateway',
    'clientId: web-gateway, backchannelUrl: http://keycloak:8080',
  )
  const stated = buildFile({ rest: provision(`main: { adminUrl: http://admin:9000/auth, credential: ${CREDENTIAL} }`) })
  const urls = await Promise.all([inside, backchannel, stated].map(async (text) => (await open(text)).ground))
  assert.deepEqual(
    urls.map((ground) => ground?.realms[0]?.adminUrl),
    ['https://sso.example.com', 'http://keycloak:8080', 'http://admin:9000/auth'],
  )
})

test('one credential is enough for a realm with two local names', async () => {
  const realms =
    'own: { issuer: https://sso.example.com/realms/shop, clientId: own, clientAuth: { secret: x }, obtain: clientCredentials }'
  const { ground, told } = await open(buildFile({ realms, rest: provision(`own: { credential: ${CREDENTIAL} }`) }))
  assert.equal(ground?.realms.length, 1)
  assert.equal(told, '')
})

test('a wrong file ends every command of the provisioner with 78, its problems told', async () => {
  const file = writeConfig(buildFile({ rest: 'clients: { app: { realm: nowhere } }\n' }), folder)
  const { exitCode, err, out } = await run(['plan', '-c', file], ENV)
  assert.deepEqual([exitCode, out], [78, ''])
  assert.match(err, /clients\.app\.realm/)
})

test('check and start read the sections of the provisioner, too', async () => {
  const file = writeConfig(buildFile({ rest: 'clients: { app: { preset: web } }\n' }), folder)
  for (const command of ['check', 'start']) {
    const { exitCode, err } = await run([command, '-c', file])
    assert.equal(exitCode, 78)
    assert.match(err, /clients\.app/)
  }
})

test('check does not ask for what only the provisioner has', async () => {
  const rest = `${provision(`main: { credential: ${CREDENTIAL} }`)}clients: { app: { description: "\${NOT_HERE}" } }\n`
  assert.equal((await run(['check', '-c', writeConfig(buildFile({ rest }), folder)])).exitCode, 0)
})

test('nothing but secrets of the gateway may be absent', () => {
  assert.deepEqual(
    GATEWAY_SECRETS.map(({ path }) => path.join('.')),
    ['realms.*.clientAuth', 'services.*.auth', 'session.store', 'keys.*'],
  )
})
