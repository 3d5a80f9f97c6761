// What `npm run keycloak` runs: a real Keycloak with the test realms until Ctrl-C. `--prepare` only fetches, builds and
// imports.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  findKeycloakPort,
  KEYCLOAK_ADMIN,
  KEYCLOAK_PORTS,
  type Keycloak,
  KeycloakError,
  prepareKeycloak,
  startKeycloak,
} from '@doorman/dev-realm/keycloak'
import { printProgress } from './support/print-progress.ts'

interface RealmFile {
  readonly realm: string
  readonly users: ReadonlyArray<{
    readonly username: string
    readonly enabled: boolean
    readonly realmRoles?: readonly string[]
    readonly credentials?: ReadonlyArray<{ readonly value: string }>
  }>
}

const { values } = parseArgs({ options: { prepare: { type: 'boolean' }, port: { type: 'string' } } })

async function prepare(): Promise<void> {
  const port = Number(values.port ?? KEYCLOAK_PORTS[0])
  await prepareKeycloak({ port, onProgress: printProgress })
  console.log(`A real Keycloak is prepared for port ${port}. \`npm run keycloak\` starts it, \`npm test\` uses it.`)
}

async function run(): Promise<void> {
  const port = values.port === undefined ? await findKeycloakPort() : Number(values.port)
  if (values.port === undefined && port !== KEYCLOAK_PORTS[0])
    console.error(`Port ${KEYCLOAK_PORTS[0]} is taken, using ${port}.`)
  const starting = startKeycloak({ port, onProgress: printProgress })
  // From the beginning: the server is a process of its own and would live on without us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void starting.then((keycloak) => keycloak.stop()))
  describe(await starting)
}

function describe(keycloak: Keycloak): void {
  console.log(`\nKeycloak   ${keycloak.url}`)
  console.log(`Console    ${keycloak.url}/admin/   ${KEYCLOAK_ADMIN.username} / ${KEYCLOAK_ADMIN.password}`)
  console.log(`Issuer     ${keycloak.issuer('main')}   client web-gateway / web-gateway-test-secret`)
  console.log(`Account    ${keycloak.issuer('main')}/account/`)
  for (const user of readRealm('main').users) {
    const roles = (user.realmRoles ?? []).filter((role) => !role.startsWith('default-roles-')).join(', ')
    const password = user.credentials?.[0]?.value
    if (password !== undefined)
      console.log(`User       ${user.username} / ${password}   ${user.enabled ? roles : 'disabled'}`)
  }
  console.log('\nCtrl-C stops it; what you change goes with it.')
}

function readRealm(name: string): RealmFile {
  return JSON.parse(
    readFileSync(new URL(`../packages/dev-realm/keycloak-realms/${name}.json`, import.meta.url), 'utf8'),
  )
}

try {
  await (values.prepare ? prepare() : run())
} catch (error) {
  if (!(error instanceof KeycloakError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
