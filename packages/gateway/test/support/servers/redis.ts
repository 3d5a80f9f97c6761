// Real Redis servers: one alone, with TLS, with a user of few rights, a cluster of three, and a master that Sentinels watch.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../loopback-certificate.ts'
import { findFreePort } from './free-port.ts'
import { findRedis } from './redis-binaries.ts'
import { createServerProcess, type ServerProcess } from './server-process.ts'

export { findRedis } from './redis-binaries.ts'

export interface RedisServer extends ServerProcess {
  /** For `session.store`. */
  readonly url: string
  /** Sends a command as an administrator. */
  ask(...words: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

export interface RedisSentinels {
  readonly url: string
  /** Kills the master at once; resolves when the Sentinels have made another one. The killed one comes back as its replica. */
  failover(): Promise<void>
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export interface RedisCluster {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  close(): Promise<void>
}

interface RedisServerOptions {
  readonly isTls: boolean
  /** More of the server's options. */
  readonly args: readonly string[]
}

const PASSWORD = 'canary-redis-password'
const HOST = '127.0.0.1'

export async function startRedis(): Promise<RedisServer> {
  const server = await createRedis({ isTls: false, args: [] })
  await server.start()
  return server
}

/** Resolves when it has all that the master has. */
export async function startRedisReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await startRedis()
  await replica.ask('REPLICAOF', HOST, new URL(master.url).port)
  await until(async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'))
  await until(async () => (await master.ask('WAIT', '1', '1000')) === 1)
  return replica
}

/** Its certificate is `LOOPBACK_CERTIFICATE`. */
export async function startRedisTls(): Promise<RedisServer> {
  const server = await createRedis({ isTls: true, args: ['--requirepass', PASSWORD] })
  await server.start()
  return server
}

/** The user of its address may do what docs/storage-format.md says, to keys that begin with `doorman:`. */
export async function startRedisAcl(rights: readonly string[]): Promise<RedisServer> {
  const server = await createRedis({ isTls: false, args: [] })
  await server.start()
  await server.ask('ACL', 'SETUSER', 'doorman', 'on', `>${PASSWORD}`, ...rights)
  return { ...server, url: server.url.replace('redis://', `redis://doorman:${PASSWORD}@`) }
}

async function createRedis(options: RedisServerOptions): Promise<RedisServer> {
  const binaries = await findRedis()
  if (binaries === undefined) throw new Error('No Redis here: set DOORMAN_REDIS_SERVER to the path of redis-server')
  const port = await findFreePort()
  const folder = await makeFolder()
  const { isTls } = options
  const isProtected = options.args.includes('--requirepass')
  const server = createServerProcess({
    file: binaries.server,
    args: [...listenArguments(port, isTls, folder), '--dir', folder, ...SETTINGS, ...options.args],
    env: binaries.env,
    port,
    runAs: null,
    isReady: () => answers(port, isTls, isProtected),
  })
  return {
    ...server,
    url: `${isTls ? 'rediss' : 'redis'}://${isProtected ? `:${PASSWORD}@` : ''}${isTls ? 'localhost' : HOST}:${port}`,
    ask: (...words) => ask(port, isTls, isProtected, words),
    async close() {
      await server.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const SETTINGS = [
  '--bind',
  HOST,
  '--save',
  '',
  '--appendonly',
  'yes',
  '--appendfsync',
  'everysec',
  '--daemonize',
  'no',
  '--repl-diskless-sync-delay',
  '0',
]

function listenArguments(port: number, isTls: boolean, folder: string): readonly string[] {
  if (!isTls) return ['--port', String(port)]
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  return ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files]
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doorman-redis-'))
  await writeFile(join(folder, 'server.crt'), LOOPBACK_CERTIFICATE)
  await writeFile(join(folder, 'server.key'), LOOPBACK_KEY)
  await chmod(folder, 0o700)
  return folder
}

/** False while it reads its data. */
async function answers(port: number, isTls: boolean, isProtected: boolean): Promise<boolean> {
  return ask(port, isTls, isProtected, ['PING']).then(
    () => true,
    () => false,
  )
}

async function ask(port: number, isTls: boolean, isProtected: boolean, words: readonly string[]): Promise<unknown> {
  const client = createClient({
    socket: isTls ? { port, host: 'localhost', tls: true, ca: LOOPBACK_CERTIFICATE } : { port, host: HOST },
    ...(isProtected ? { password: PASSWORD } : {}),
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.sendCommand([...words])
  } finally {
    client.destroy()
  }
}

const SLOTS = 16_384
const NODES = 3

/** Three masters without replicas, over TLS where asked for. */
export async function startRedisCluster({ isTls }: { readonly isTls: boolean }): Promise<RedisCluster> {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-hostname', 'localhost']
  const args = [...cluster, '--cluster-preferred-endpoint-type', 'hostname', '--requirepass', PASSWORD]
  const make = () => createRedis({ isTls, args: isTls ? [...args, '--tls-cluster', 'yes'] : args })
  const nodes = await Promise.all(Array.from({ length: NODES }, make))
  await Promise.all(nodes.map((node) => node.start()))
  await joinNodes(nodes)
  const hosts = nodes.map(({ url }) => `localhost:${new URL(url).port}`).join(',')
  return {
    url: `${isTls ? 'rediss' : 'redis'}+cluster://:${PASSWORD}@${hosts}`,
    nodes,
    async close() {
      await Promise.all(nodes.map((node) => node.close()))
    },
  }
}

async function joinNodes(nodes: readonly RedisServer[]): Promise<void> {
  const share = Math.ceil(SLOTS / nodes.length)
  const [first] = nodes
  for (const [index, node] of nodes.entries()) {
    const last = Math.min(SLOTS, (index + 1) * share) - 1
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last))
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    if (first !== undefined && node !== first) await node.ask('CLUSTER', 'MEET', HOST, new URL(first.url).port)
  }
  await until(async () => {
    const states = await Promise.all(nodes.map((node) => node.ask('CLUSTER', 'INFO')))
    return states.every((state) => {
      const text = String(state)
      return text.includes('cluster_state:ok') && text.includes(`cluster_known_nodes:${NODES}`)
    })
  })
}

/** Less, and a busy machine makes a master look dead. */
const DOWN_AFTER_MILLISECONDS = 1000
const MASTER = 'doorman-test'

/** A master and two replicas, watched by three Sentinels that act within a second. */
export async function startRedisSentinel(): Promise<RedisSentinels> {
  const servers = await Promise.all([0, 1, 2].map(() => createRedis({ isTls: false, args: [] })))
  const ports = servers.map(({ url }) => Number(new URL(url).port))
  const [master = 0] = ports
  await Promise.all(servers.map((server) => server.start()))
  for (const server of servers.slice(1)) await server.ask('REPLICAOF', HOST, String(master))
  const areInSync = async () => {
    const states = await Promise.all(servers.map((server) => server.ask('INFO', 'replication')))
    return states.filter((state) => String(state).includes('master_link_status:up')).length === servers.length - 1
  }
  await until(areInSync)
  const sentinels = await Promise.all([0, 1, 2].map(() => createSentinel(master)))
  await Promise.all(sentinels.map((sentinel) => sentinel.start()))
  const knowsAll = (text: string) => /slaves=2,sentinels=3/.test(text)
  const allKnow = async () => {
    const states = await Promise.all(sentinels.map((sentinel) => sentinel.ask('INFO', 'sentinel')))
    return states.every((state) => knowsAll(String(state)))
  }
  await until(allKnow)
  /** The port; undefined while a failover is going on. */
  const findMaster = async () => {
    const named = await Promise.all(sentinels.map((sentinel) => sentinel.ask('SENTINEL', 'MASTER', MASTER)))
    const [first, ...others] = named.map((master) => master as unknown as { port: string; flags: string })
    const agree =
      first?.flags === 'master' && others.every(({ port, flags }) => port === first.port && flags === 'master')
    return agree ? Number(first.port) : undefined
  }
  /** The Sentinels take ten seconds to tell a server that has started that it is a replica now. */
  const attachReplicas = async () => {
    await until(async () => (await findMaster()) !== undefined)
    const current = await findMaster()
    const replicas = servers.filter((_, index) => ports[index] !== current)
    for (const replica of replicas) await replica.ask('REPLICAOF', HOST, String(current))
    // A Sentinel does not promote twice in quick succession unless it knows the replicas again.
    await until(allKnow)
    await until(areInSync)
  }
  const hosts = sentinels.map(({ url }) => new URL(url).host).join(',')
  return {
    url: `redis+sentinel://${hosts}/${MASTER}`,
    async failover() {
      const old = await findMaster()
      const server = servers[ports.indexOf(old ?? 0)]
      await server?.stop('SIGKILL')
      await until(async () => ![old, undefined].includes(await findMaster()))
      await server?.start()
      await attachReplicas()
    },
    async stop() {
      await Promise.all([...servers, ...sentinels].map((server) => server.stop('SIGKILL')))
    },
    async start() {
      await Promise.all(servers.map((server) => server.start()))
      await Promise.all(sentinels.map((sentinel) => sentinel.start()))
      await attachReplicas()
    },
    async close() {
      await Promise.all([...sentinels, ...servers].map((server) => server.close()))
    },
  }
}

async function createSentinel(masterPort: number): Promise<RedisServer> {
  const folder = await makeFolder()
  const port = await findFreePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    `bind ${HOST}`,
    `dir ${folder}`,
    `sentinel monitor ${MASTER} ${HOST} ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MILLISECONDS}`,
    `sentinel failover-timeout ${MASTER} 2000`,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const binaries = await findRedis()
  const server = createServerProcess({
    file: binaries?.server ?? '',
    args: [file, '--sentinel'],
    env: binaries?.env ?? {},
    port,
    runAs: null,
    isReady: () => answers(port, false, false),
  })
  return {
    ...server,
    url: `redis://${HOST}:${port}`,
    ask: (...words) => ask(port, false, false, words),
    async close() {
      await server.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const UNTIL_SECONDS = 30

/** Another process's state is asked for until it is there. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + UNTIL_SECONDS * 1000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > giveUpAt) throw new Error('the servers did not get there')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
