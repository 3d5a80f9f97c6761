// "doorman doctor" on a file and a real Keycloak: first as apply leaves it, then broken; and no secret anywhere in it.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN, type Keycloak } from '@doorman/dev-realm/keycloak'
import { type Gateway, loadConfig, openGateway } from '@doorman/gateway'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { findFreePort } from '../../../gateway/test/support/servers/free-port.ts'
import { endOf, type Outcome, run, spawnCommand, temporaryFolder, writeConfig } from '../support/command.ts'

const realm = `doctor-${randomBytes(4).toString('hex')}`
const folder = temporaryFolder()
const inFolder = (name: string) => join(folder, name)

let keycloak: Keycloak
let service: Server
let serviceStatus = 401
let publicUrl: string
let gateway: Gateway
let file: string
let provisioner: string
let env: Readonly<Record<string, string>>

interface Document {
  readonly wrong: number
  readonly subjects: readonly {
    readonly kind: string
    readonly name: string
    readonly checks: readonly { readonly check: string; readonly state: string; readonly fault?: string }[]
  }[]
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function buildConfig(): string {
  return `
publicUrl: ${publicUrl}
listen: ${new URL(publicUrl).host}
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:
  main:
    issuer: ${keycloak.issuer(realm)}
    clientId: web-gateway
    clientAuth: { secret: "\${file:web-gateway.secret}" }
services:
  reports: { url: "${originOf(service)}", credential: accessToken }
  billing: { url: "${originOf(service)}", credential: { exchange: { audience: billing } } }
  website: { url: "${originOf(service)}", credential: none }
routes:
  - { path: "/reports/*", service: reports, require: { roles: [reader] } }
  - { path: "/billing/*", service: billing, require: { login: true } }
  - { path: "/*", service: website, require: none }
provision:
  owner: doctor
  realms:
    main: { credential: { clientId: provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } } }
clients:
  web-gateway:
    deliver: [{ file: ./web-gateway.secret, template: "{{clientSecret}}" }]
  experiments:
    clientId: mlflow
    serviceAccountRoles: { realm: [operator] }
    audiences: [reports]
    deliver: [{ envFile: ./mlflow.env, shape: generic }]
`
}

before(async () => {
  keycloak = await useKeycloak()
  service = createServer((_request, response) => void response.writeHead(serviceStatus).end())
  await once(service.listen(0, '127.0.0.1'), 'listening')
  publicUrl = `http://localhost:${await findFreePort()}`
  await keycloak.admin.post('', { realm, enabled: true })
  file = writeConfig(buildConfig(), folder)
  const args = ['bootstrap', '-c', file, '--client-id', 'provisioner', '--admin-user', KEYCLOAK_ADMIN.username]
  const { out, err } = await run(args, { DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password })
  assert.notEqual(out, '', err)
  provisioner = out
  env = { DOORMAN_PROVISION_SECRET: provisioner }
  const applied = await run(['apply', '-c', file], env)
  assert.equal(applied.exitCode, 0, applied.err)
  gateway = await openGateway(loadConfig(file, env), { logLevel: 'error' })
})
after(async () => {
  await gateway?.close()
  service.close()
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

async function examine(...args: readonly string[]): Promise<Outcome & { readonly document: Document }> {
  const outcome = await run(['doctor', '-c', file, '--json', ...args], env)
  assert.notEqual(outcome.out, '', outcome.err)
  return { ...outcome, document: JSON.parse(outcome.out) as Document }
}

function faultsOf({ subjects }: Document): readonly string[] {
  return subjects.flatMap(({ name, checks }) =>
    checks.flatMap(({ fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
  )
}

async function changeClient(clientId: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const [client] = await keycloak.admin.get<readonly { readonly id: string }[]>(`${realm}/clients?clientId=${clientId}`)
  await keycloak.admin.put(`${realm}/clients/${client!.id}`, { clientId, ...fields })
}

test('after apply, with the gateway running, all is well', async () => {
  const { exitCode, document } = await examine()
  assert.deepEqual(faultsOf(document), [])
  assert.equal(exitCode, 0)
  const names = document.subjects.map(({ kind, name }) => `${kind} ${name}`)
  for (const name of ['realm main', 'client web-gateway', 'client mlflow', 'client billing', 'service reports']) {
    assert.ok(names.includes(name), name)
  }
})

test('without a credential for the realm it goes by what Keycloak answers, and says what it did not see', async () => {
  const { exitCode, out } = await run(['doctor', '-c', file], {})
  assert.equal(exitCode, 0, out)
  assert.match(out, /skipped admin access/)
  assert.match(out, /ok {6}secret/)
})

test('one client is chosen by its client id or its key, and examined alone', async () => {
  for (const name of ['mlflow', 'experiments']) {
    const { document } = await examine(name)
    assert.deepEqual(
      document.subjects.map((subject) => subject.name),
      ['main', 'mlflow'],
    )
  }
  const { exitCode, err } = await run(['doctor', 'nobody', '-c', file], env)
  assert.equal(exitCode, 1)
  assert.match(err, /no client nobody/)
})

test('what is broken by hand is told by client and fault, and ends with 1', async (t) => {
  t.after(async () => {
    serviceStatus = 401
    assert.equal((await run(['apply', '-c', file], env)).exitCode, 0)
    assert.deepEqual(faultsOf((await examine()).document), [])
  })
  const attributes = { 'standard.token.exchange.enabled': 'false' }
  await changeClient('web-gateway', { redirectUris: ['https://elsewhere.example.com/*'], attributes })
  await changeClient('mlflow', { serviceAccountsEnabled: false })
  await changeClient('billing', { enabled: false })
  serviceStatus = 200
  const { exitCode, document } = await examine()
  assert.equal(exitCode, 1)
  const faults = faultsOf(document)
  for (const fault of [
    'web-gateway: redirect-uri',
    'mlflow: service-account-off',
    'billing: client-disabled',
    'web-gateway: exchange-off',
    'reports: service-open',
    'billing: service-open',
  ]) {
    assert.ok(faults.includes(fault), `${fault} in ${faults.join(', ')}`)
  }
  assert.ok(!faults.includes('website: service-open'))
})

test('a delivered secret that is no longer the one in Keycloak is found by the consumer that has it', async (t) => {
  t.after(async () => assert.equal((await run(['apply', '-c', file], env)).exitCode, 0))
  const path = inFolder('mlflow.env')
  const stale = `stale-${randomUUID()}`
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^(CLIENT_SECRET=).*$/m, `$1${stale}`))
  const { document, out } = await examine('mlflow')
  assert.deepEqual(faultsOf(document), ['mlflow: secret-wrong'])
  assert.ok(!out.includes(stale))
})

test('a CA bundle with a broken certificate is a finding, not a crash', async () => {
  writeFileSync(inFolder('broken.pem'), '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n')
  const config = buildConfig().replace(keycloak.issuer(realm), keycloak.issuer(realm).replace('http:', 'https:'))
  writeFileSync(inFolder('tls.yaml'), `${config}\ntls: { ca: [broken.pem] }\n`)
  const { exitCode, out } = await run(['doctor', '-c', inFolder('tls.yaml')], env)
  assert.equal(exitCode, 1)
  assert.match(out, /WRONG +TLS/)
  assert.match(out, /ca-bundle/)
})

test('a file that is wrong is told, and nobody is called', async () => {
  writeFileSync(inFolder('wrong.yaml'), 'publicUrl: nonsense\n')
  const { exitCode } = await run(['doctor', '-c', inFolder('wrong.yaml')], env)
  assert.equal(exitCode, 78)
})

const JSON_TYPE = { 'content-type': 'application/json' }

function secrets(): readonly string[] {
  const held = readFileSync(inFolder('mlflow.env'), 'utf8')
  const mlflow = /^CLIENT_SECRET=(.+)$/m.exec(held)?.[1] ?? ''
  const web = readFileSync(inFolder('web-gateway.secret'), 'utf8')
  for (const secret of [mlflow, web, provisioner]) assert.ok(secret.length > 8)
  return [mlflow, web, provisioner]
}

/** Answers everything with what it was sent, in every field that could be shown, while it passes for the realm. */
async function startEcho(): Promise<{ readonly server: Server; readonly heard: readonly string[] }> {
  const heard: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    const said = await readAll(incoming)
    heard.push(...said)
    const echo = said.join(' ')
    const isDiscovery = incoming.url?.includes('/.well-known/') === true
    const status = isDiscovery ? 200 : 401
    outgoing.writeHead(status, {
      'content-type': 'application/json',
      location: `http://x.example/?error=${encodeURIComponent(echo)}`,
    })
    outgoing.end(JSON.stringify({ issuer: echo, error: echo, error_description: echo, errorMessage: echo }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, heard }
}

async function readAll(incoming: IncomingMessage): Promise<readonly string[]> {
  const body = await text(incoming)
  const { authorization = '' } = incoming.headers
  const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
  return [body, ...new URLSearchParams(body).values(), authorization, basic].filter((each) => each !== '')
}

/** Keycloak's admin interface, until it breaks after its first answer and quotes what it was sent, tokens included. */
async function startBreakingAdmin(): Promise<{ readonly server: Server; readonly heard: readonly string[] }> {
  const heard: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { url = '', method = 'GET', headers } = incoming
    const said = await readAll(incoming)
    if (url.startsWith('/admin/') && !url.includes('clientId=account')) {
      heard.push(...said)
      return void outgoing.writeHead(400, JSON_TYPE).end(JSON.stringify({ errorMessage: said.join(' ') }))
    }
    const { authorization = '', 'content-type': type = '' } = headers
    const answer = await fetch(new URL(url, keycloak.url), {
      method,
      headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
      ...(method === 'POST' ? { body: said[0] ?? '' } : {}),
    })
    outgoing.writeHead(answer.status, JSON_TYPE).end(await answer.text())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, heard }
}

test('no secret and no token is in any output, not even when servers quote all they were sent', async (t) => {
  const [echo, admin] = [await startEcho(), await startBreakingAdmin()]
  t.after(() => {
    for (const { server } of [echo, admin]) server.close()
  })
  const config = buildConfig()
  const withAdmin = (url: string) => config.replace('main: { credential', `main: { adminUrl: "${url}", credential`)
  writeFileSync(inFolder('echo.yaml'), config.replace(keycloak.url, originOf(echo.server)))
  writeFileSync(inFolder('breaking.yaml'), withAdmin(originOf(admin.server)))
  writeFileSync(inFolder('no-admin.yaml'), withAdmin(originOf(echo.server)))
  const outputs: string[] = []
  for (const path of [file, ...['echo.yaml', 'breaking.yaml', 'no-admin.yaml'].map(inFolder)]) {
    for (const more of [[], ['--json'], ['mlflow']]) {
      const { out, err } = await run(['doctor', '-c', path, ...more], env)
      outputs.push(out, err)
    }
  }
  const child = await endOf(spawnCommand(['doctor', '-c', inFolder('echo.yaml')], env))
  outputs.push(child.out, child.err)
  assert.ok(echo.heard.some((each) => each.includes(secrets()[0] ?? '')))
  assert.ok(admin.heard.some((each) => /^Bearer eyJ/.test(each)))
  const all = outputs.join('\n')
  assert.ok(all.length > 10_000)
  for (const secret of secrets()) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      assert.ok(!all.includes(form.replace(/=+$/, '')))
    }
  }
  assert.doesNotMatch(all, /eyJ[\w-]+\.eyJ/)
  for (const sent of echo.heard.filter((each) => each.startsWith('Basic '))) assert.ok(!all.includes(sent.slice(6)))
})
