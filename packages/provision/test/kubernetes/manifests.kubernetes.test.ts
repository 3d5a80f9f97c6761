// What deploy/kubernetes holds is taken by a real API server, and its pods pass the strictest Pod Security Standard.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { loadAllYaml } from '@kubernetes/client-node'
import { type KubernetesServer, startKubernetes } from '../support/servers/kubernetes.ts'

interface Pods {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly restartPolicy: string
    readonly initContainers?: unknown
    readonly containers: readonly { readonly terminationMessagePolicy: string }[]
  }
}

interface JobSpec {
  readonly ttlSecondsAfterFinished?: number
  readonly activeDeadlineSeconds: number
  readonly template: Pods
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: JobSpec & { readonly jobTemplate?: { readonly spec: JobSpec } }
}

const FOLDER = new URL('../../../../deploy/kubernetes/', import.meta.url)
const MANIFESTS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => loadAllYaml(readFileSync(new URL(file, FOLDER), 'utf8')) as unknown as readonly Manifest[])
  // Without the library's classes, which call a field of theirs `_from`.
  .map((manifest) => JSON.parse(JSON.stringify(manifest).replaceAll('"_from":', '"from":')) as Manifest)
const JOBS = MANIFESTS.filter(({ kind }) => kind === 'Job' || kind === 'CronJob').map(({ metadata, spec }) => {
  const job = spec?.jobTemplate?.spec ?? spec
  assert.ok(job !== undefined)
  return { name: metadata.name, job }
})

const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' }

let kubernetes: KubernetesServer
before(async () => {
  kubernetes = await startKubernetes()
  for (const manifest of MANIFESTS.filter(({ kind }) => kind === 'Namespace' || kind === 'ServiceAccount').sort(
    byKind,
  )) {
    const { status } = await kubernetes.ask('PATCH', `${pathOf(manifest)}?fieldManager=test`, manifest)
    assert.equal(status, 201)
  }
})
after(() => kubernetes.close())

/** Namespaces before what is in them. */
function byKind(one: Manifest, other: Manifest): number {
  return one.kind < other.kind ? -1 : 1
}

function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const place = metadata.namespace === undefined ? group : `${group}/namespaces/${metadata.namespace}`
  return `${place}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}/${metadata.name}`
}

for (const manifest of MANIFESTS) {
  test(`${manifest.kind} ${manifest.metadata.name} is taken as it stands`, async () => {
    const query = '?fieldManager=test&dryRun=All&fieldValidation=Strict&force=true'
    const { status, body } = await kubernetes.ask('PATCH', pathOf(manifest) + query, manifest)
    assert.ok(status === 200 || status === 201, body.message)
  })
}

for (const { name, job } of JOBS) {
  test(`the pods of ${name} pass the strictest Pod Security Standard`, async () => {
    const { metadata, spec } = job.template
    const pod = { metadata: { ...metadata, name }, spec }
    const { status, body } = await kubernetes.ask('POST', '/api/v1/namespaces/doorman/pods?dryRun=All', pod)
    assert.equal(status, 201, body.message)
  })

  test(`a failure of ${name} stays visible, and nothing of it waits for ever`, () => {
    assert.equal(job.ttlSecondsAfterFinished, undefined)
    assert.ok(job.activeDeadlineSeconds > 0)
    assert.equal(job.template.spec.restartPolicy, 'Never')
    assert.equal(job.template.spec.initContainers, undefined)
    for (const { terminationMessagePolicy } of job.template.spec.containers) {
      assert.equal(terminationMessagePolicy, 'FallbackToLogsOnError')
    }
  })
}

test('pods that are not nobody are not taken beside them', async () => {
  const [first] = JOBS
  const { spec } = JSON.parse(JSON.stringify(first?.job.template))
  spec.containers[0].securityContext.allowPrivilegeEscalation = true
  const pod = { metadata: { name: 'root' }, spec }
  assert.equal((await kubernetes.ask('POST', '/api/v1/namespaces/doorman/pods?dryRun=All', pod)).status, 403)
})
