// What the files of this example say of one another.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readConfig } from '@doorman/gateway'
import { parse } from 'yaml'
import { keepOutput } from '../../../scripts/support/keep-output.ts'
import { startGroup } from '../../../scripts/support/process-group.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const SERVICES = ['orders', 'stock', 'shipping']
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const containers: Readonly<Record<string, Container>> = parse(read('compose.yaml')).services
const reading = readConfig(join(FOLDER, 'doorman.yaml'), containers.gateway?.environment ?? {})
assert.ok(reading.kind === 'valid', JSON.stringify(reading))
const { config } = reading
const realm = config.realms.main!
const portOf = (address: string | readonly string[] | undefined) => new URL(String(address)).port

interface Container {
  readonly image?: string
  readonly build?: string
  readonly command: string | readonly string[]
  readonly network_mode?: string
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

test('its Python packages are those of the FastAPI example', () => {
  assert.equal(read('stock/requirements.txt'), read('../fastapi-service/requirements.txt'))
})

test('compose.yaml has the services of doorman.yaml, on its ports, where nobody but the gateway reaches them', () => {
  assert.deepEqual(Object.keys(containers), ['keycloak', 'gateway', ...SERVICES])
  assert.deepEqual(Object.keys(config.services), SERVICES)
  for (const name of ['gateway', ...SERVICES]) {
    const { network_mode, ports } = containers[name]!
    assert.deepEqual([network_mode, ports], ['service:keycloak', undefined], name)
  }
  const { orders, stock, shipping } = config.services
  assert.ok(read('orders/service.ts').includes(`PORT = '${portOf(orders?.url)}'`))
  assert.ok(String(containers.stock!.command).endsWith(`--port ${portOf(stock?.url)}`))
  assert.ok(read('shipping/main.go').includes(`os.Getenv("PORT"), "${portOf(shipping?.url)}"`))
  for (const { image = 'built:here' } of Object.values(containers)) assert.match(image, /:(?!latest$)[\w.-]+$/)
})

test('compose.yaml publishes the gateway and Keycloak alone, at the addresses of doorman.yaml', () => {
  const ports = [config.publicUrl, realm.issuer].map(portOf)
  assert.deepEqual(
    containers.keycloak!.ports,
    ports.map((port) => `127.0.0.1:${port}:${port}`),
  )
  assert.equal(containers.keycloak!.environment?.KC_HOSTNAME, new URL(realm.issuer).origin)
  assert.equal(containers.gateway!.environment?.DOORMAN_LISTEN, `0.0.0.0:${ports[0]}`)
})

test('the realm of compose.yaml knows the gateway of doorman.yaml', () => {
  const { realm: name, clients } = JSON.parse(read('keycloak.json'))
  const { clientId, secret, redirectUris } = clients[0]
  assert.ok(realm.issuer.endsWith(`/realms/${name}`))
  assert.equal(clientId, realm.clientId)
  assert.deepEqual(realm.clientAuth, { kind: 'secret', secret, file: null })
  assert.deepEqual(redirectUris, [`${config.publicUrl}/auth/callback`])
})

/** With nothing on the way to programs but Node. */
function bareStart() {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-microservices-'))
  symlinkSync(process.execPath, join(folder, 'node'))
  const env: NodeJS.ProcessEnv = { PATH: folder, DOORMAN_PORT_ORDERS: '0' }
  return { env, remove: () => rmSync(folder, { recursive: true }) }
}

test('a service whose language is missing is named and left out', async () => {
  const { env, remove } = bareStart()
  const { child, close } = startGroup('node start.ts', { cwd: FOLDER, env })
  const said = keepOutput(child)
  const ended = once(child, 'close')
  while (!said().includes('orders on') && child.exitCode === null)
    await Promise.race([once(child.stdout!, 'data'), ended])
  await close()
  remove()
  assert.match(said(), /^stock is left out: .*\nshipping is left out: /)
})

test('where CI is true nothing may be left out', () => {
  const { env, remove } = bareStart()
  const options = { cwd: FOLDER, env: { ...env, CI: 'true' }, encoding: 'utf8' } as const
  const { status, stdout } = spawnSync(process.execPath, ['start.ts'], options)
  remove()
  assert.equal(status, 1)
  assert.doesNotMatch(stdout, /orders on/)
})
