// What `doorman rbac` prints is enough for what the deliveries do, and none of it can be left out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Cluster, createCluster } from '../../src/kubernetes/cluster.ts'
import { buildRbac } from '../../src/kubernetes/rbac.ts'
import { neededRights } from '../../src/kubernetes/rights.ts'
import { type KubernetesServer, startKubernetes } from '../support/servers/kubernetes.ts'

let kubernetes: KubernetesServer
before(async () => {
  kubernetes = await startKubernetes()
})
after(() => kubernetes.close())

interface Rule {
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}
interface Manifest {
  readonly apiVersion: string
  readonly kind: 'Role' | 'RoleBinding'
  readonly metadata: { readonly namespace: string }
  readonly rules?: readonly Rule[]
}

interface Ground {
  readonly cluster: Cluster
  /** Where the service account is. */
  readonly home: string
  readonly targets: readonly string[]
}

const RESTART = [
  { kind: 'Deployment', name: 'mlflow' },
  { kind: 'StatefulSet', name: 'mlflow' },
  { kind: 'DaemonSet', name: 'mlflow' },
] as const

function deliveriesTo(namespaces: readonly string[]) {
  return [{ kind: 'kubernetes', namespaces, name: 'mlflow-oidc', keys: {}, labels: {}, restart: RESTART }] as const
}

/** Applies what is printed, with `change` made to the rules of each role. */
async function prepare(change: (rules: readonly Rule[]) => readonly Rule[] = (rules) => rules): Promise<Ground> {
  const home = await kubernetes.createNamespace()
  const targets = [await kubernetes.createNamespace(), await kubernetes.createNamespace()]
  await kubernetes.createServiceAccount(home, 'doorman')
  const account = { namespace: home, serviceAccount: 'doorman' }
  for (const manifest of buildRbac(deliveriesTo(targets), account) as unknown as readonly Manifest[]) {
    const path = `/apis/${manifest.apiVersion}/namespaces/${manifest.metadata.namespace}/${manifest.kind.toLowerCase()}s`
    const body = manifest.rules === undefined ? manifest : { ...manifest, rules: change(manifest.rules) }
    assert.equal((await kubernetes.ask('POST', path, body)).status, 201)
  }
  for (const namespace of targets) for (const { kind } of RESTART) await createWorkload(namespace, kind)
  const kubeconfig = await kubernetes.writeKubeconfig(await kubernetes.createServiceAccountToken(home, 'doorman'))
  return { cluster: createCluster({ kubeconfig, context: null, timeoutSeconds: 10 }), home, targets }
}

async function createWorkload(namespace: string, kind: string): Promise<void> {
  const labels = { app: 'mlflow' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'mlflow', image: 'mlflow:1' }] } }
  const name = kind === 'StatefulSet' ? { serviceName: 'mlflow' } : {}
  const body = { metadata: { name: 'mlflow' }, spec: { selector: { matchLabels: labels }, template, ...name } }
  const path = `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`
  assert.equal((await kubernetes.ask('POST', path, body)).status, 201)
}

/** What one apply does: twice, as creations and changes need different rights. */
async function deliver({ cluster, targets }: Ground): Promise<void> {
  for (const value of ['one', 'two']) {
    for (const namespace of targets) {
      const secret = { namespace, name: 'mlflow-oidc', labels: {}, owner: 'shop', data: { value } }
      await cluster.applySecret(secret)
      for (const workload of RESTART) {
        await cluster.restart({ namespace, workload, secret: secret.name, data: secret.data })
      }
    }
  }
}

/** Roles reach the authorizer by a watch; nobody says when. */
async function untilKnown({ cluster, targets }: Ground, lacking: number): Promise<void> {
  const rights = neededRights(deliveriesTo(targets))
  const giveUpAt = performance.now() + 60_000
  while ((await cluster.lacks(rights)).length !== lacking) {
    assert.ok(performance.now() < giveUpAt, 'the roles are not taken up')
  }
}

test('what is printed is enough', async () => {
  const ground = await prepare()
  await untilKnown(ground, 0)
  await deliver(ground)
})

const SECRETS = ['get', 'create', 'patch'].map((verb) => ['secrets', verb] as const)
const WORKLOADS = ['deployments', 'statefulsets', 'daemonsets'].flatMap((resource) =>
  ['get', 'patch'].map((verb) => [resource, verb] as const),
)

for (const [resource, verb] of [...SECRETS, ...WORKLOADS]) {
  test(`without the right to ${verb} ${resource} a delivery fails and names it`, async () => {
    const ground = await prepare((rules) =>
      rules.map((rule) =>
        rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter((other) => other !== verb) } : rule,
      ),
    )
    await untilKnown(ground, ground.targets.length)
    await assert.rejects(deliver(ground), (error: { code: string; detail: Record<string, unknown> }) => {
      assert.equal(error.code, 'ERR_CLUSTER_FORBIDDEN')
      assert.deepEqual([error.detail.resource, error.detail.verbs], [resource, [verb]])
      assert.equal(error.detail.namespace, ground.targets[0])
      return true
    })
  })
}

test('what is printed opens no other Secret, and no other namespace', async () => {
  const ground = await prepare()
  await untilKnown(ground, 0)
  const [namespace = ''] = ground.targets
  const secret = { namespace, name: 'other', labels: {}, owner: 'shop', data: {} }
  await assert.rejects(ground.cluster.applySecret(secret), { code: 'ERR_CLUSTER_FORBIDDEN' })
  const elsewhere = { ...secret, namespace: ground.home, name: 'mlflow-oidc' }
  await assert.rejects(ground.cluster.applySecret(elsewhere), { code: 'ERR_CLUSTER_FORBIDDEN' })
})
