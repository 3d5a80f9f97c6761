// A real Kubernetes API server on loopback: RBAC on, service-account tokens of its own, no controllers and no nodes.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../../../../gateway/test/support/loopback-certificate.ts'
import { findFreePort } from '../../../../gateway/test/support/servers/free-port.ts'
import { createServerProcess, type ServerProcess } from '../../../../gateway/test/support/servers/server-process.ts'
import { prepareKubernetes } from './kubernetes-binaries.ts'

export interface KubernetesServer {
  /** `https://localhost:PORT`; its certificate is `LOOPBACK_CERTIFICATE`. It is the issuer of its tokens, too. */
  readonly url: string
  /** The file of a kubeconfig with one context, `admin`, who may do everything. */
  readonly kubeconfig: string
  /** Asks as an administrator, or with a token. A body of `patch` is a server-side apply unless `type` says otherwise. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    options?: { token?: string; type?: string },
  ): Promise<KubernetesReply>
  /** The name of a new namespace. */
  createNamespace(): Promise<string>
  createServiceAccount(namespace: string, name: string): Promise<void>
  /** By TokenRequest; valid for an hour, for the API server itself unless audiences are given. */
  createServiceAccountToken(namespace: string, name: string, audiences?: readonly string[]): Promise<string>
  /** The file of a kubeconfig of whoever has this token. */
  writeKubeconfig(token: string): Promise<string>
  /** Ends the API server alone; `start` brings it back with all it had. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export interface KubernetesReply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind, looked into by tests
  readonly body: any
}

const HOST = '127.0.0.1'
const APPLY = 'application/apply-patch+yaml'

/** Ready in some 4 seconds. Builds what is missing, which takes minutes, once per machine. */
export async function startKubernetes(): Promise<KubernetesServer> {
  const programs = await prepareKubernetes((line) => console.error(line))
  const folder = await mkdtemp(join(tmpdir(), 'doorman-kubernetes-'))
  const token = randomBytes(16).toString('hex')
  await writeFiles(folder, token)
  const port = await findFreePort()
  const etcd = await createEtcd(programs, folder)
  const ask = createAsk(port, token)
  const server = createServerProcess({
    file: join(programs, 'kube-apiserver'),
    args: serverArguments(folder, port, etcd.port),
    env: {},
    port,
    runAs: null,
    isReady: () =>
      ask('GET', '/readyz')
        .then(({ status }) => status === 200)
        .catch(() => false),
  })
  await etcd.start()
  await server.start()
  const kubeconfig = await writeKubeconfig(folder, port, token)
  return {
    ...createTools(ask, folder, port),
    url: urlOf(port),
    kubeconfig,
    ask,
    start: () => server.start(),
    stop: () => server.stop('SIGKILL'),
    async close() {
      await server.stop('SIGKILL')
      await etcd.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function urlOf(port: number): string {
  return `https://localhost:${port}`
}

async function writeFiles(folder: string, token: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files: Readonly<Record<string, string>> = {
    'server.crt': LOOPBACK_CERTIFICATE,
    'server.key': LOOPBACK_KEY,
    'accounts.key': privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'accounts.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'tokens.csv': `${token},admin,admin,"system:masters"\n`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}

async function createEtcd(programs: string, folder: string): Promise<ServerProcess & { readonly port: number }> {
  const [port, peerPort] = [await findFreePort(), await findFreePort()]
  const [url, peerUrl] = [`http://${HOST}:${port}`, `http://${HOST}:${peerPort}`]
  const args = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ]
  const isReady = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  return { ...createServerProcess({ file: join(programs, 'etcd'), args, env: {}, port, runAs: null, isReady }), port }
}

function serverArguments(folder: string, port: number, etcdPort: number): readonly string[] {
  return [
    `--etcd-servers=http://${HOST}:${etcdPort}`,
    `--bind-address=${HOST}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${join(folder, 'server.crt')}`,
    `--tls-private-key-file=${join(folder, 'server.key')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    `--service-account-issuer=${urlOf(port)}`,
    `--service-account-key-file=${join(folder, 'accounts.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // It would refuse to be found on loopback.
    '--endpoint-reconciler-type=none',
    '--profiling=false',
  ]
}

type Ask = KubernetesServer['ask']

function createAsk(port: number, adminToken: string): Ask {
  return async (method, path, body, { token = adminToken, type } = {}) => {
    const contentType = type ?? (method === 'PATCH' ? APPLY : 'application/json')
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType, accept: 'application/json' }
    const sent = request({ host: HOST, servername: 'localhost', port, path, method, headers, ca: LOOPBACK_CERTIFICATE })
    const response = new Promise<import('node:http').IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    )
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const reply = await response
    const isJson = reply.headers['content-type']?.startsWith('application/json') === true
    if (!isJson) reply.resume()
    return { status: reply.statusCode ?? 0, body: isJson ? await json(reply) : undefined }
  }
}

function createTools(ask: Ask, folder: string, port: number) {
  const post = async (path: string, body: unknown) => {
    const reply = await ask('POST', path, body)
    if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${reply.body?.message}`)
    return reply.body
  }
  return {
    async createNamespace(): Promise<string> {
      const name = `ns-${randomBytes(4).toString('hex')}`
      await post('/api/v1/namespaces', { metadata: { name } })
      return name
    },
    async createServiceAccount(namespace: string, name: string): Promise<void> {
      await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } })
    },
    async createServiceAccountToken(namespace: string, name: string, audiences: readonly string[] = []) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
      const { status } = await post(path, { spec: { audiences, expirationSeconds: 3600 } })
      return String(status.token)
    },
    writeKubeconfig: (token: string) => writeKubeconfig(folder, port, token),
  }
}

async function writeKubeconfig(folder: string, port: number, token: string): Promise<string> {
  const file = join(folder, `kubeconfig-${randomBytes(4).toString('hex')}`)
  const cluster = { server: urlOf(port), 'certificate-authority': 'server.crt' }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'admin',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'admin', context: { cluster: 'test', user: 'admin' } }],
  }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
