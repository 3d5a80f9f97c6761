import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, afterEach, beforeEach, test } from 'node:test'
import { createCluster } from '../../src/kubernetes/cluster.ts'
import { loadKubeConfig } from '../../src/kubernetes/kube-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorman-kube-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const { HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env
beforeEach(() => {
  process.env.HOME = join(folder, 'home')
})
afterEach(() => {
  Object.assign(process.env, { HOME, KUBERNETES_SERVICE_HOST: KUBERNETES_SERVICE_HOST ?? '' })
  process.env.KUBERNETES_SERVICE_PORT = KUBERNETES_SERVICE_PORT ?? ''
})

const NO_POD = join(folder, 'no-pod')

function writeKubeconfig(name: string, cluster: Record<string, unknown> = {}): string {
  const file = join(folder, name)
  const config = {
    'current-context': name,
    clusters: [{ name, cluster: { server: `https://${name}.example:6443`, ...cluster } }],
    users: [{ name, user: { token: 'canary-token' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

function serverOf(kubeconfig: string | null, context: string | null = null, podRoot = NO_POD): string | undefined {
  return loadKubeConfig({ kubeconfig, context, podRoot }).getCurrentCluster()?.server
}

test('the current context is taken unless another is asked for', () => {
  const files = [writeKubeconfig('one'), writeKubeconfig('two')].join(delimiter)
  assert.equal(serverOf(files), 'https://one.example:6443')
  assert.equal(serverOf(files, 'two'), 'https://two.example:6443')
})

test('without a kubeconfig it is that of the home folder', () => {
  mkdirSync(join(folder, 'home', '.kube'), { recursive: true })
  writeFileSync(join(folder, 'home', '.kube', 'config'), JSON.stringify({ ...HOME_CONFIG }))
  assert.equal(serverOf(null), 'https://home.example')
  rmSync(join(folder, 'home'), { recursive: true })
})

const HOME_CONFIG = {
  'current-context': 'home',
  clusters: [{ name: 'home', cluster: { server: 'https://home.example' } }],
  users: [{ name: 'home', user: { token: 'canary-token' } }],
  contexts: [{ name: 'home', context: { cluster: 'home', user: 'home' } }],
}

test('in a pod it is the cluster of the pod, as its service account', () => {
  const account = join(folder, 'pod', 'var', 'run', 'secrets', 'kubernetes.io', 'serviceaccount')
  mkdirSync(account, { recursive: true })
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(account, name), name)
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' })
  assert.equal(serverOf(null, null, join(folder, 'pod')), 'https://10.0.0.1:443')
})

test('where there is none, no address is made up', () => {
  assert.throws(() => serverOf(null), { code: 'ERR_CLUSTER_UNREACHABLE' })
})

test('a kubeconfig that is missing is told', () => {
  assert.throws(() => serverOf(join(folder, 'missing')), { code: 'ERR_CLUSTER_UNREACHABLE' })
})

test('a kubeconfig that cannot be read is told without what is in it', () => {
  const file = join(folder, 'broken')
  writeFileSync(file, 'users: [ { token: canary-token ')
  assert.throws(
    () => serverOf(file),
    (error: { code?: string; stack?: string }) => {
      assert.equal(error.code, 'ERR_CLUSTER_UNREACHABLE')
      assert.doesNotMatch(String(error.stack), /canary/)
      return true
    },
  )
})

test('a context that is not there is told', () => {
  assert.throws(() => serverOf(writeKubeconfig('one'), 'three'), { code: 'ERR_CLUSTER_UNREACHABLE' })
})

for (const [what, cluster] of Object.entries({
  'is not meant to be verified': { 'insecure-skip-tls-verify': true },
  'speaks no TLS': { server: 'http://one.example' },
})) {
  test(`nothing is sent to a server that ${what}`, () => {
    assert.throws(() => serverOf(writeKubeconfig('one', cluster)), { code: 'ERR_TRUST_INVALID' })
  })
}

test('a CA bundle that is missing is an error, never other authorities', async () => {
  const kubeconfig = writeKubeconfig('one', { 'certificate-authority': 'missing.crt' })
  const cluster = createCluster({ kubeconfig, context: null, timeoutSeconds: 1 })
  await assert.rejects(cluster.reach(), { code: 'ERR_TRUST_INVALID' })
})

test('a cluster that nobody answers for is unreachable', async () => {
  const kubeconfig = writeKubeconfig('nobody', { server: 'https://127.0.0.1:9' })
  const cluster = createCluster({ kubeconfig, context: null, timeoutSeconds: 1 })
  await assert.rejects(cluster.reach(), { code: 'ERR_CLUSTER_UNREACHABLE' })
})
