// What is relied on of a Kubernetes API server, measured.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type KubernetesServer, startKubernetes } from '../support/servers/kubernetes.ts'
import { KUBERNETES_VERSION } from '../support/servers/kubernetes-binaries.ts'

let kubernetes: KubernetesServer
before(async () => {
  kubernetes = await startKubernetes()
})
after(() => kubernetes.close())

test('it is the version that is pinned', async () => {
  const { body } = await kubernetes.ask('GET', '/version')
  assert.equal(body.gitVersion, `v${KUBERNETES_VERSION}`)
})

test('a service-account token opens nothing without a role', async () => {
  const namespace = await kubernetes.createNamespace()
  await kubernetes.createServiceAccount(namespace, 'doorman')
  const token = await kubernetes.createServiceAccountToken(namespace, 'doorman')
  const { status } = await kubernetes.ask('GET', `/api/v1/namespaces/${namespace}/secrets/x`, undefined, { token })
  assert.equal(status, 403)
})

test('a service-account token for somebody else is not taken', async () => {
  const namespace = await kubernetes.createNamespace()
  await kubernetes.createServiceAccount(namespace, 'doorman')
  const token = await kubernetes.createServiceAccountToken(namespace, 'doorman', ['https://elsewhere.example'])
  const { status } = await kubernetes.ask('GET', `/api/v1/namespaces/${namespace}/secrets/x`, undefined, { token })
  assert.equal(status, 401)
})

/** A service account that may do that with the Secret `allowed` of its namespace. */
async function createHolder(verbs: readonly string[]) {
  const namespace = await kubernetes.createNamespace()
  await kubernetes.createServiceAccount(namespace, 'holder')
  const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['allowed'], verbs }]
  await kubernetes.ask('POST', `${roles}/roles`, { metadata: { name: 'holder' }, rules })
  await kubernetes.ask('POST', `${roles}/rolebindings`, {
    metadata: { name: 'holder' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'holder' },
    subjects: [{ kind: 'ServiceAccount', namespace, name: 'holder' }],
  })
  return { namespace, token: await kubernetes.createServiceAccountToken(namespace, 'holder') }
}

function secretNamed(name: string) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { a: randomBytes(4).toString('base64') } }
}

test('creating by server-side apply can be allowed for one name, creating by POST cannot', async () => {
  const { namespace, token } = await createHolder(['create', 'patch'])
  const secrets = `/api/v1/namespaces/${namespace}/secrets`
  const apply = async (name: string) => {
    const { status } = await kubernetes.ask('PATCH', `${secrets}/${name}?fieldManager=t`, secretNamed(name), { token })
    return status
  }
  const post = await kubernetes.ask('POST', secrets, secretNamed('allowed'), { token })
  assert.deepEqual([post.status, await apply('other'), await apply('allowed')], [403, 403, 201])
})

test('creating by server-side apply takes the right to create as well as to patch', async () => {
  for (const verb of ['create', 'patch']) {
    const { namespace, token } = await createHolder([verb])
    const path = `/api/v1/namespaces/${namespace}/secrets/allowed?fieldManager=t`
    const { status } = await kubernetes.ask('PATCH', path, secretNamed('allowed'), { token })
    assert.equal(status, 403, verb)
  }
})

async function prepareApply(name: string) {
  const path = `/api/v1/namespaces/${await kubernetes.createNamespace()}/secrets/${name}`
  const metadata = { apiVersion: 'v1', kind: 'Secret', metadata: { name } }
  return {
    path,
    apply: (manager: string, content: object) =>
      kubernetes.ask('PATCH', `${path}?fieldManager=${manager}`, { ...metadata, ...content }),
  }
}

test('keys that are left out of an apply go when they were sent as data, and stay when they were sent as stringData', async () => {
  for (const [field, value, left] of [
    ['data', 'eA==', ['a']],
    ['stringData', 'x', ['a', 'b']],
  ] as const) {
    const { apply } = await prepareApply('kept')
    await apply('t', { [field]: { a: value, b: value } })
    const { body } = await apply('t', { [field]: { a: value } })
    assert.deepEqual(Object.keys(body.data).sort(), left, field)
  }
})

test('an apply with a uid changes only that very object', async () => {
  const { path, apply } = await prepareApply('again')
  const first = await apply('t', { data: { a: 'eA==' } })
  const withUid = { metadata: { name: 'again', uid: first.body.metadata.uid }, data: { a: 'eQ==' } }
  assert.equal((await apply('t', withUid)).status, 200)
  await kubernetes.ask('DELETE', path)
  assert.equal((await apply('t', withUid)).status, 409)
  await apply('t', { data: { a: 'eA==' } })
  const { status, body } = await apply('t', withUid)
  assert.deepEqual([status, body.details.causes[0].field], [422, 'metadata.uid'])
})
