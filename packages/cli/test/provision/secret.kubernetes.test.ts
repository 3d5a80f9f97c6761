// From the file to the Secrets of a real cluster, and through a rotation.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminApi, openAdminApi } from '../../../provision/test/support/admin-api.ts'
import { type KubernetesServer, startKubernetes } from '../../../provision/test/support/servers/kubernetes.ts'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const PROVISIONER = { clientId: 'provisioner', secret: 'provisioner-of-the-tests' }
const ROLES = ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers']
const folder = temporaryFolder()
const SHAPES = ['mlflow', 'phoenix', 'otel'] as const

let kubernetes: KubernetesServer
let api: AdminApi
let namespace: string
let file: string
let env: Readonly<Record<string, string>>

function buildConfig(): string {
  const loginOf = (shape: string) => `preset: web\n    redirectUris: ["https://${shape}.example.com/callback"]`
  const deliver = (shape: string) =>
    `{ kubernetes: { namespaces: [${namespace}], name: ${shape}-oidc, restart: [deployment/${shape}] }, shape: ${shape} }`
  const clients = SHAPES.map(
    (shape) => `  ${shape}:
    ${shape === 'otel' ? 'preset: service' : loginOf(shape)}
    rotate: 30d
    deliver: [${deliver(shape)}]`,
  )
  return `${VALID.replace('http://127.0.0.1:9/realms/main', api.issuer('main'))}provision:
  owner: kubernetes-test
  realms: { main: { credential: { clientId: provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } } } }
clients:
${clients.join('\n')}
`
}

before(async () => {
  kubernetes = await startKubernetes()
  namespace = await kubernetes.createNamespace()
  api = await openAdminApi({ realms: ['main'] })
  const account = { ...PROVISIONER, serviceAccountsEnabled: true, standardFlowEnabled: false }
  api.addClient('main', account, ROLES)
  env = { DOORMAN_PROVISION_SECRET: PROVISIONER.secret, KUBECONFIG: kubernetes.kubeconfig }
  file = writeConfig(buildConfig(), folder)
})
after(async () => {
  await api?.close()
  await kubernetes?.close()
})

async function dataOf(shape: string): Promise<Readonly<Record<string, string>>> {
  const { body } = await kubernetes.ask('GET', `/api/v1/namespaces/${namespace}/secrets/${shape}-oidc`)
  const entries = Object.entries<string>(body.data ?? {})
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

function secretOf(shape: string): string {
  const client = [...api.realm('main').clients.values()].find(({ clientId }) => clientId === shape)
  return client?.secret ?? assert.fail(`there is no ${shape}`)
}

test('apply writes each Secret with the keys that its consumer reads', async () => {
  const { exitCode, out, err } = await run(['apply', '-c', file], env)
  assert.equal(exitCode, 0, err)
  const { OIDC_CLIENT_SECRET, OIDC_TOKEN_URL } = await dataOf('mlflow')
  assert.deepEqual(
    [OIDC_CLIENT_SECRET, OIDC_TOKEN_URL],
    [secretOf('mlflow'), `${api.issuer('main')}/protocol/openid-connect/token`],
  )
  const phoenix = await dataOf('phoenix')
  assert.equal(phoenix.PHOENIX_OAUTH2_KEYCLOAK_CLIENT_SECRET, secretOf('phoenix'))
  assert.equal(phoenix.PHOENIX_OAUTH2_CLIENT_SECRET, secretOf('phoenix'))
  assert.match(phoenix.PHOENIX_SECRET ?? '', /^[\w-]{43}$/)
  assert.deepEqual(Object.keys(await dataOf('otel')).toSorted(), [
    'KEYCLOAK_TOKEN_URL',
    'MLFLOW_CLIENT_ID',
    'MLFLOW_CLIENT_SECRET',
  ])
  for (const shape of SHAPES) assert.ok(!`${out}${err}`.includes(secretOf(shape)))
})

test('what is there is not written again', async () => {
  const { exitCode, out } = await run(['secret', 'deliver', '-c', file, '--dry-run', '--json'], env)
  assert.equal(exitCode, 0, out)
})

test("a key that is removed by hand is put right, and Phoenix's own secret stays", async () => {
  const before = await dataOf('phoenix')
  const path = `/api/v1/namespaces/${namespace}/secrets/phoenix-oidc`
  const patch = { data: { PHOENIX_ENABLE_AUTH: null } }
  await kubernetes.ask('PATCH', path, patch, { type: 'application/merge-patch+json' })
  assert.equal((await run(['secret', 'deliver', 'phoenix', '-c', file, '--dry-run'], env)).exitCode, 2)
  assert.equal((await run(['secret', 'deliver', 'phoenix', '-c', file], env)).exitCode, 0)
  assert.deepEqual(await dataOf('phoenix'), before)
})

test('a rotation reaches the Secret and replaces the pods that read it', async () => {
  await createDeployment('otel')
  await run(['secret', 'deliver', 'otel', '-c', file], env)
  const [old, hash] = [secretOf('otel'), await hashOfPods('otel')]
  const { exitCode, out, err } = await run(['secret', 'rotate', 'otel', '-c', file, '--json'], env)
  assert.equal(exitCode, 0, err)
  const [{ way, places }] = JSON.parse(out).rotated
  assert.deepEqual(
    [way, places[0].outcome, places[0].restarted],
    ['overlap', 'updated', [`Deployment otel in ${namespace}`]],
  )
  assert.notEqual(secretOf('otel'), old)
  assert.equal((await dataOf('otel')).MLFLOW_CLIENT_SECRET, secretOf('otel'))
  assert.notEqual(await hashOfPods('otel'), hash)
  for (const secret of [old, secretOf('otel')]) assert.ok(!`${out}${err}`.includes(secret))
})

async function createDeployment(name: string): Promise<void> {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name, image: name }] } }
  const body = { metadata: { name }, spec: { selector: { matchLabels: labels }, template } }
  await kubernetes.ask('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, body)
}

async function hashOfPods(name: string): Promise<string> {
  const { body } = await kubernetes.ask('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)
  return body.spec.template.metadata.annotations[`doorman.secret/${name}-oidc`]
}
