import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Cluster, createCluster } from '../../src/kubernetes/cluster.ts'
import { connect } from '../../src/kubernetes/connection.ts'
import { CONFLICT, patchSecret } from '../../src/kubernetes/objects.ts'
import { buildSecret, type ClusterSecret, hashSecret } from '../../src/kubernetes/secret.ts'
import type { Workload } from '../../src/wanted/wanted.ts'
import { type KubernetesServer, startKubernetes } from '../support/servers/kubernetes.ts'

let kubernetes: KubernetesServer
let cluster: Cluster

before(async () => {
  kubernetes = await startKubernetes()
  cluster = createCluster({ kubeconfig: kubernetes.kubeconfig, context: null, timeoutSeconds: 10 })
})
after(() => kubernetes.close())

const CANARY = 'canary-secret-value'

async function wanted(changes: Partial<ClusterSecret> = {}): Promise<ClusterSecret> {
  return {
    namespace: await kubernetes.createNamespace(),
    name: 'mlflow-oidc',
    data: { OIDC_CLIENT_ID: 'mlflow', OIDC_CLIENT_SECRET: CANARY },
    labels: { team: 'ml' },
    owner: 'app.example.com',
    ...changes,
  }
}

function pathOf({ namespace, name }: Pick<ClusterSecret, 'namespace' | 'name'>): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`
}

async function read(secret: Pick<ClusterSecret, 'namespace' | 'name'>) {
  const { body } = await kubernetes.ask('GET', pathOf(secret))
  const decode = (value: string) => Buffer.from(value, 'base64').toString()
  const data = Object.entries<string>(body.data ?? {}).map(([key, value]) => [key, decode(value)])
  return { ...body, data: Object.fromEntries(data) }
}

test('a cluster says where it is and what it is', async () => {
  assert.equal((await cluster.reach()).server, kubernetes.url)
})

test('a Secret is created with exactly its keys, its labels and our mark', async () => {
  const secret = await wanted({ data: { y: 'no', 'dotted.key': 'ü\n"{}"', empty: '' } })
  assert.equal(await cluster.compareSecret(secret), 'created')
  assert.equal(await cluster.applySecret(secret), 'created')
  const { data, metadata, type } = await read(secret)
  assert.deepEqual(data, secret.data)
  assert.deepEqual(metadata.labels, { 'app.kubernetes.io/managed-by': 'doorman', team: 'ml' })
  assert.deepEqual(metadata.annotations, { 'doorman.owner': 'app.example.com' })
  assert.deepEqual(
    metadata.managedFields.map(({ manager, operation }: Record<string, string>) => [manager, operation]),
    [['doorman', 'Apply']],
  )
  assert.equal(type, 'Opaque')
})

test('a Secret that is as it should be is not written again', async () => {
  const secret = await wanted()
  await cluster.applySecret(secret)
  const { resourceVersion } = (await read(secret)).metadata
  assert.equal(await cluster.applySecret(secret), 'unchanged')
  assert.equal((await read(secret)).metadata.resourceVersion, resourceVersion)
})

test('a key or a label that is no longer wanted goes', async () => {
  const secret = await wanted()
  await cluster.applySecret(secret)
  const keyLess = { ...secret, data: { OIDC_CLIENT_ID: 'mlflow' } }
  assert.equal(await cluster.applySecret(keyLess), 'updated')
  assert.deepEqual((await read(secret)).data, keyLess.data)
  const labelLess = { ...keyLess, labels: {} }
  assert.equal(await cluster.applySecret(labelLess), 'updated')
  assert.equal((await read(secret)).metadata.labels.team, undefined)
})

test('keys and labels are renamed', async () => {
  const secret = await wanted()
  await cluster.applySecret(secret)
  const renamed = { ...secret, data: { CLIENT_SECRET: CANARY }, labels: { group: 'ml' } }
  assert.equal(await cluster.applySecret(renamed), 'updated')
  const { data, metadata } = await read(secret)
  assert.deepEqual(data, renamed.data)
  assert.deepEqual(Object.keys(metadata.labels).sort(), ['app.kubernetes.io/managed-by', 'group'])
  assert.equal(await cluster.applySecret(renamed), 'unchanged')
})

for (const [change, patch] of Object.entries({
  'another value': { data: { OIDC_CLIENT_SECRET: 'aGFuZA==' } },
  'a key less': { data: { OIDC_CLIENT_ID: null } },
  'a label less': { metadata: { labels: { team: null } } },
})) {
  test(`a change by hand is put right: ${change}`, async () => {
    const secret = await wanted()
    await cluster.applySecret(secret)
    const type = 'application/merge-patch+json'
    await kubernetes.ask('PATCH', `${pathOf(secret)}?fieldManager=kubectl-edit`, patch, { type })
    assert.equal(await cluster.compareSecret(secret), 'updated')
    assert.equal(await cluster.applySecret(secret), 'updated')
    const { data, metadata } = await read(secret)
    assert.deepEqual(data, secret.data)
    assert.equal(metadata.labels.team, 'ml')
    assert.equal(await cluster.applySecret(secret), 'unchanged')
  })
}

test('a key that somebody else has added to our Secret stays', async () => {
  const secret = await wanted()
  await cluster.applySecret(secret)
  const patch = { data: { PHOENIX_SECRET: 'b3ducw==' } }
  await kubernetes.ask('PATCH', pathOf(secret), patch, { type: 'application/merge-patch+json' })
  assert.equal(await cluster.applySecret(secret), 'unchanged')
  assert.equal(await cluster.applySecret({ ...secret, data: { A: 'a' } }), 'updated')
  assert.deepEqual((await read(secret)).data, { A: 'a', PHOENIX_SECRET: 'owns' })
})

function refusedAs(reason: string) {
  return (error: { code?: string; detail?: Record<string, unknown> }) => {
    assert.equal(error.code, 'ERR_DELIVERY_FAILED')
    assert.equal(error.detail?.reason, reason)
    assert.doesNotMatch(JSON.stringify([error.detail, String(error)]), /canary|Y2FuYXJ5/)
    return true
  }
}

async function makeByHand({ namespace, name }: ClusterSecret, metadata = {}): Promise<void> {
  const body = { metadata: { name, ...metadata }, data: { OIDC_CLIENT_ID: 'aGFuZA==', OLD: 'b2xk' } }
  await kubernetes.ask('POST', `/api/v1/namespaces/${namespace}/secrets?fieldManager=kubectl-create`, body)
}

test('a Secret of somebody else is left alone, and its manager named', async () => {
  const secret = await wanted()
  await makeByHand(secret)
  await assert.rejects(cluster.compareSecret(secret), refusedAs('foreign'))
  await assert.rejects(cluster.applySecret(secret), (error: { detail: Record<string, unknown> }) => {
    assert.deepEqual(error.detail.managers, ['kubectl-create'])
    return refusedAs('foreign')(error)
  })
  assert.deepEqual((await read(secret)).data, { OIDC_CLIENT_ID: 'hand', OLD: 'old' })
})

test('a Secret of another Doorman is left alone, and its owner named', async () => {
  const secret = await wanted()
  await cluster.applySecret({ ...secret, owner: 'other.example.com' })
  await assert.rejects(cluster.applySecret(secret), (error: { detail: Record<string, unknown> }) => {
    assert.equal(error.detail.owner, 'other.example.com')
    return refusedAs('foreign')(error)
  })
})

test('a Secret that is handed over by our mark becomes ours', async () => {
  const secret = await wanted()
  await makeByHand(secret, { annotations: { 'doorman.owner': secret.owner } })
  assert.equal(await cluster.applySecret(secret), 'updated')
  assert.deepEqual((await read(secret)).data, { ...secret.data, OLD: 'old' })
  assert.equal(await cluster.applySecret(secret), 'unchanged')
})

test('a Secret that was made anew meanwhile, by somebody else, is not taken by force', async () => {
  const secret = await wanted()
  await cluster.applySecret(secret)
  const { uid } = (await read(secret)).metadata
  const connection = connect({ kubeconfig: kubernetes.kubeconfig, context: null, timeoutSeconds: 10 })
  const force = () =>
    connection.ask({ what: 'write', rights: [], secrets: [] }, (apis) =>
      patchSecret(apis, buildSecret(secret, uid), { isForced: true }),
    )
  await kubernetes.ask('DELETE', pathOf(secret))
  assert.equal(await force(), CONFLICT)
  await makeByHand(secret)
  assert.equal(await force(), CONFLICT)
  assert.deepEqual((await read(secret)).data, { OIDC_CLIENT_ID: 'hand', OLD: 'old' })
})

test('many at the same time make one Secret', async () => {
  const secret = await wanted()
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => cluster.applySecret(secret)))
  assert.ok(outcomes.every((outcome) => ['created', 'unchanged'].includes(outcome)))
  assert.deepEqual((await read(secret)).data, secret.data)
})

test('what a Secret holds can be read, so that random values are kept', async () => {
  const secret = await wanted({ data: { KEPT: 'ü' } })
  assert.equal(await cluster.readSecret(secret.namespace, secret.name), undefined)
  await cluster.applySecret(secret)
  assert.deepEqual(await cluster.readSecret(secret.namespace, secret.name), secret.data)
})

test('a namespace that is not there is a delivery that failed', async () => {
  const secret = await wanted({ namespace: 'nowhere' })
  await assert.rejects(cluster.applySecret(secret), refusedAs('NotFound'))
})

test('a key that Kubernetes does not take is a delivery that failed, and no value is told', async () => {
  const secret = await wanted({ data: { 'no spaces': CANARY } })
  await assert.rejects(cluster.applySecret(secret), refusedAs('Invalid'))
})

const WORKLOADS: readonly Workload[] = [
  { kind: 'Deployment', name: 'mlflow' },
  { kind: 'StatefulSet', name: 'mlflow' },
  { kind: 'DaemonSet', name: 'mlflow' },
]

function workloadsPath(namespace: string, kind: Workload['kind']): string {
  return `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`
}

async function createWorkload(namespace: string, { kind, name }: Workload): Promise<void> {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name, image: 'mlflow:1' }] } }
  const spec = { selector: { matchLabels: labels }, template, ...(kind === 'StatefulSet' ? { serviceName: name } : {}) }
  const { status } = await kubernetes.ask('POST', workloadsPath(namespace, kind), { metadata: { name }, spec })
  assert.equal(status, 201)
}

async function annotationsOfPods(namespace: string, { kind, name }: Workload): Promise<Record<string, string>> {
  const { body } = await kubernetes.ask('GET', `${workloadsPath(namespace, kind)}/${name}`)
  return body.spec.template.metadata.annotations ?? {}
}

for (const workload of WORKLOADS) {
  test(`pods of a ${workload.kind} are replaced once for each content`, async () => {
    const namespace = await kubernetes.createNamespace()
    await createWorkload(namespace, workload)
    const request = { namespace, workload, secret: 'mlflow-oidc', data: { a: 'one' } }
    assert.equal(await cluster.restart(request), 'restarted')
    assert.equal(await cluster.restart(request), 'unchanged')
    assert.equal(await cluster.restart({ ...request, data: { a: 'two' } }), 'restarted')
    assert.deepEqual(await annotationsOfPods(namespace, workload), {
      'doorman.secret/mlflow-oidc': hashSecret({ a: 'two' }),
    })
  })
}

test('pods that read two Secrets are not replaced for one because of the other', async () => {
  const namespace = await kubernetes.createNamespace()
  const workload = { kind: 'Deployment', name: 'mlflow' } as const
  await createWorkload(namespace, workload)
  const requests = ['mlflow-oidc', 'a'.repeat(253)].map((secret) => ({ namespace, workload, secret, data: {} }))
  for (const request of requests) assert.equal(await cluster.restart(request), 'restarted')
  for (const request of requests) assert.equal(await cluster.restart(request), 'unchanged')
})

test('a workload that is not there yet is no failure', async () => {
  const namespace = await kubernetes.createNamespace()
  const request = { namespace, workload: { kind: 'Deployment', name: 'later' }, secret: 's', data: {} } as const
  assert.equal(await cluster.restart(request), 'absent')
})

test('what the server says we lack is told by verb, resource, namespace and name', async () => {
  const namespace = await kubernetes.createNamespace()
  await kubernetes.createServiceAccount(namespace, 'nobody')
  const token = await kubernetes.createServiceAccountToken(namespace, 'nobody')
  const kubeconfig = await kubernetes.writeKubeconfig(token)
  const powerless = createCluster({ kubeconfig, context: null, timeoutSeconds: 10 })
  await assert.rejects(
    powerless.applySecret(await wanted({ namespace })),
    (error: { code: string; detail: unknown }) => {
      assert.equal(error.code, 'ERR_CLUSTER_FORBIDDEN')
      const { remedy, ...facts } = error.detail as Record<string, unknown>
      assert.deepEqual(facts, { verbs: ['get'], resource: 'secrets', namespace, name: 'mlflow-oidc' })
      assert.match(String(remedy), /doorman rbac/)
      return true
    },
  )
})

test('a quota that is used up is not mistaken for a missing right', async () => {
  const secret = await wanted()
  const quotas = `/api/v1/namespaces/${secret.namespace}/resourcequotas`
  await kubernetes.ask('POST', quotas, { metadata: { name: 'none' }, spec: { hard: { secrets: '0' } } })
  const status = { status: { hard: { secrets: '0' }, used: { secrets: '0' } } }
  await kubernetes.ask('PATCH', `${quotas}/none/status`, status, { type: 'application/merge-patch+json' })
  await assert.rejects(cluster.applySecret(secret), refusedAs('Forbidden'))
})

test('a token that is not taken is told as one', async () => {
  const kubeconfig = await kubernetes.writeKubeconfig(randomBytes(16).toString('hex'))
  const stranger = createCluster({ kubeconfig, context: null, timeoutSeconds: 10 })
  await assert.rejects(stranger.applySecret(await wanted()), {
    code: 'ERR_CLUSTER_FORBIDDEN',
    detail: {
      server: kubernetes.url,
      reason: 'credential',
      remedy: 'log in to the cluster again; in a pod, look at its service account',
    },
  })
})

test('a cluster that is down is unreachable, and taken up again when it is back', async () => {
  const secret = await wanted()
  await kubernetes.stop()
  await assert.rejects(cluster.applySecret(secret), { code: 'ERR_CLUSTER_UNREACHABLE' })
  await kubernetes.start()
  assert.equal(await cluster.applySecret(secret), 'created')
})
