// One file, a real Keycloak and a real API server: the Secrets that consumers read, written by a service account that has
// what `doorman rbac` prints and nothing else.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN, type Keycloak } from '@doorman/dev-realm/keycloak'
import { SHAPES } from '@doorman/provision'
import { loadAllYaml } from '@kubernetes/client-node'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { type KubernetesServer, startKubernetes } from '../../../provision/test/support/servers/kubernetes.ts'
import { type Outcome, run, temporaryFolder, writeConfig } from '../support/command.ts'

const realm = `cluster-${randomBytes(4).toString('hex')}`
const folder = temporaryFolder()

let keycloak: Keycloak
let kubernetes: KubernetesServer
let home: string
let namespaces: Readonly<Record<'ml' | 'otel', string>>
let token: string
let file: string
let env: Record<string, string>
const said: string[] = []

function buildConfig(): string {
  return `
publicUrl: https://app.example.com
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:
  main: { issuer: "${keycloak.issuer(realm)}", clientId: web-gateway, clientAuth: { secret: "\${GATEWAY_SECRET}" } }
services:
  website: { url: "http://website:8080", credential: none }
routes:
  - { path: "/*", service: website, require: none }
provision:
  realms: { main: { credential: { clientId: provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } } } }
clients:
  mlflow:
    preset: web
    settings: { serviceAccountsEnabled: true }
    redirectUris: ["https://mlflow.example.com/callback"]
    deliver:
      - { kubernetes: { namespaces: [${namespaces.ml}], name: mlflow-oidc, restart: [deployment/mlflow] }, shape: mlflow }
  phoenix:
    preset: web
    settings: { serviceAccountsEnabled: true }
    redirectUris: ["https://phoenix.example.com/oauth2/keycloak/tokens"]
    deliver: [{ kubernetes: { namespaces: [${namespaces.ml}], name: phoenix-oidc }, shape: phoenix }]
  collector:
    deliver:
      - { kubernetes: { namespaces: [${namespaces.ml}, ${namespaces.otel}], name: otel-oauth }, shape: otel }
`
}

async function doorman(...args: readonly string[]): Promise<Outcome> {
  const outcome = await run([...args, '-c', file], env)
  said.push(outcome.out, outcome.err)
  return outcome
}

async function readSecret(namespace: string, name: string) {
  const { body } = await kubernetes.ask('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`)
  const decode = (value: string) => Buffer.from(value, 'base64').toString()
  const entries = Object.entries<string>(body.data ?? {}).map(([key, value]) => [key, decode(value)])
  return { version: body.metadata?.resourceVersion, data: Object.fromEntries(entries) as Record<string, string> }
}

async function askForToken(tokenUrl = '', id = '', secret = ''): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  const response = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) })
  const answer = (await response.json()) as { readonly access_token?: string; readonly error: string }
  return answer.access_token === undefined ? answer.error : 'a token'
}

before(async () => {
  keycloak = await useKeycloak()
  kubernetes = await startKubernetes()
  await keycloak.admin.post('', { realm, enabled: true })
  home = await kubernetes.createNamespace()
  namespaces = { ml: await kubernetes.createNamespace(), otel: await kubernetes.createNamespace() }
  await createDeployment()
  await kubernetes.createServiceAccount(home, 'doorman')
  token = await kubernetes.createServiceAccountToken(home, 'doorman')
  env = { KUBECONFIG: await kubernetes.writeKubeconfig(token), DOORMAN_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password }
  file = writeConfig(buildConfig(), folder)
})

after(async () => {
  await kubernetes.close()
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

async function createDeployment(): Promise<void> {
  const labels = { app: 'mlflow' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'mlflow', image: 'mlflow:1' }] } }
  const body = { metadata: { name: 'mlflow' }, spec: { selector: { matchLabels: labels }, template } }
  const { status } = await kubernetes.ask('POST', `/apis/apps/v1/namespaces/${namespaces.ml}/deployments`, body)
  assert.equal(status, 201)
}

async function podAnnotations(): Promise<Record<string, string>> {
  const path = `/apis/apps/v1/namespaces/${namespaces.ml}/deployments/mlflow`
  return (await kubernetes.ask('GET', path)).body.spec.template.metadata.annotations ?? {}
}

test('an account for Keycloak is made', async () => {
  const out = join(folder, 'provisioner.env')
  const words = ['--realm', 'main', '--client-id', 'provisioner', '--admin-user', 'admin', '--out', out]
  const outcome = await doorman('bootstrap', ...words)
  assert.equal(outcome.exitCode, 0, outcome.err)
  const secret = /^DOORMAN_PROVISION_SECRET=(.+)$/m.exec(readFileSync(out, 'utf8'))?.[1] ?? ''
  env = { ...env, DOORMAN_PROVISION_SECRET: secret }
})

test('without rights in the cluster apply fails, and says where to get them', async () => {
  const { exitCode, out, err } = await doorman('apply')
  assert.equal(exitCode, 1)
  assert.match(out + err, /ERR_CLUSTER_FORBIDDEN/)
  assert.match(out + err, /doorman rbac/)
})

test('with what doorman rbac prints it delivers', async () => {
  const { out } = await doorman('rbac', '--namespace', home)
  for (const manifest of JSON.parse(JSON.stringify(loadAllYaml(out)))) {
    const { kind, metadata, apiVersion } = manifest
    const path = `/apis/${apiVersion}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`
    assert.equal((await kubernetes.ask('POST', path, manifest)).status, 201)
  }
  await untilAllowed()
  const outcome = await doorman('apply')
  assert.equal(outcome.exitCode, 0, outcome.out + outcome.err)
})

/** Roles reach the authorizer by a watch; nobody says when. */
async function untilAllowed(): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  for (const namespace of Object.values(namespaces)) {
    const path = `/api/v1/namespaces/${namespace}/secrets/otel-oauth`
    while ((await kubernetes.ask('GET', path, undefined, { token })).status === 403) {
      assert.ok(performance.now() < giveUpAt, 'the roles are not taken up')
    }
  }
}

test('each Secret has exactly the keys that its consumer reads', async () => {
  const { ml, otel } = namespaces
  const expected = { 'mlflow-oidc': SHAPES.mlflow, 'phoenix-oidc': SHAPES.phoenix, 'otel-oauth': SHAPES.otel }
  for (const [name, shape] of Object.entries(expected)) {
    assert.deepEqual(Object.keys((await readSecret(ml, name)).data).sort(), Object.keys(shape).sort())
  }
  assert.deepEqual((await readSecret(otel, 'otel-oauth')).data, (await readSecret(ml, 'otel-oauth')).data)
})

test('each consumer gets a token of its own with what was delivered to it', async () => {
  const mlflow = (await readSecret(namespaces.ml, 'mlflow-oidc')).data
  const phoenix = (await readSecret(namespaces.ml, 'phoenix-oidc')).data
  const otel = (await readSecret(namespaces.otel, 'otel-oauth')).data
  const url = mlflow.OIDC_TOKEN_URL
  const clients = [
    [mlflow.OIDC_CLIENT_ID, mlflow.OIDC_CLIENT_SECRET],
    [phoenix.PHOENIX_OAUTH2_KEYCLOAK_CLIENT_ID, phoenix.PHOENIX_OAUTH2_KEYCLOAK_CLIENT_SECRET],
    [otel.MLFLOW_CLIENT_ID, otel.MLFLOW_CLIENT_SECRET],
  ]
  for (const [id, secret] of clients) assert.equal(await askForToken(url, id, secret), 'a token', id)
  assert.equal(otel.KEYCLOAK_TOKEN_URL, url)
  assert.equal(await askForToken(url, mlflow.OIDC_CLIENT_ID, 'wrong'), 'unauthorized_client')
})

test('applied again, nothing is written and no pod is replaced', async () => {
  const before = [await readSecret(namespaces.ml, 'phoenix-oidc'), await podAnnotations()]
  assert.equal((await doorman('apply')).exitCode, 0)
  assert.deepEqual([await readSecret(namespaces.ml, 'phoenix-oidc'), await podAnnotations()], before)
})

test('a secret that was changed in Keycloak reaches its consumer, whose pods are replaced', async () => {
  const clients = await keycloak.admin.get<readonly { readonly id: string; readonly clientId: string }[]>(
    `${realm}/clients?clientId=mlflow`,
  )
  const before = await podAnnotations()
  await keycloak.admin.post(`${realm}/clients/${clients[0]?.id}/client-secret`, {})
  assert.equal((await doorman('apply')).exitCode, 0)
  const { data } = await readSecret(namespaces.ml, 'mlflow-oidc')
  assert.equal(await askForToken(data.OIDC_TOKEN_URL, data.OIDC_CLIENT_ID, data.OIDC_CLIENT_SECRET), 'a token')
  assert.notDeepEqual(await podAnnotations(), before)
})

test('nothing that was said holds a secret', async () => {
  const { MLFLOW_CLIENT_SECRET = '' } = (await readSecret(namespaces.otel, 'otel-oauth')).data
  const { PHOENIX_SECRET = '' } = (await readSecret(namespaces.ml, 'phoenix-oidc')).data
  for (const secret of [MLFLOW_CLIENT_SECRET, PHOENIX_SECRET, env.DOORMAN_PROVISION_SECRET ?? '']) {
    assert.ok(secret.length > 16)
    assert.ok(!said.join('\n').includes(secret))
    assert.ok(!said.join('\n').includes(Buffer.from(secret).toString('base64')))
  }
})
