// Redis as one server, a cluster or a master behind Sentinels: commands by the key they touch, and the word of changes.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { getCACertificates } from 'node:tls'
import { GatewayError, systemCode } from '../kernel/errors.ts'

export interface RedisPlace {
  readonly topology: 'single' | 'cluster' | 'sentinel'
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly master: string | null
  readonly isTls: boolean
  readonly user: string | null
  readonly password: string | null
  readonly database: number
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
}

export type Words = readonly (string | Buffer)[]
export type Listener = (message: string, channel: string) => void

export interface RedisWire {
  /**
   * To the master that has the key; several commands on one connection, in order. Rejects when the first one fails;
   * another one that fails is answered undefined.
   */
  send(key: string, commands: readonly Words[]): Promise<readonly unknown[]>
  /** To each master, one after the other. */
  masters(): Promise<readonly ((words: Words) => Promise<unknown>)[]>
  subscribe(channels: readonly string[], listener: Listener): Promise<void>
  connect(): Promise<void>
  destroy(): void
  /** The library's own client, for those who count in it. */
  readonly client: object
}

const CONNECT_MILLISECONDS = 2000
const RETRY_MAX_MILLISECONDS = 1000
/** Beyond these a command fails at once: what waits for a server that does not answer must not pile up. */
const QUEUE_MAX = 20_000
const MASTER_CONNECTIONS = 8

export async function createRedisWire(place: RedisPlace): Promise<RedisWire> {
  const redis = await loadRedis()
  switch (place.topology) {
    case 'single':
      return createSingle(redis, place)
    case 'cluster':
      return createCluster(redis, place)
    case 'sentinel':
      return createSentinel(redis, place)
  }
}

type Redis = typeof import('redis')

async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    const remedy = 'npm install redis'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'the package redis is not installed', remedy })
  }
}

function settings({ RESP_TYPES }: Redis, place: RedisPlace) {
  const { user, password, isTls, ca } = place
  const trust = { tls: true as const, ...(ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] }) }
  return {
    node: {
      ...(user === null ? {} : { username: user }),
      ...(password === null ? {} : { password }),
      commandsQueueMaxLength: QUEUE_MAX,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_MILLISECONDS,
        reconnectStrategy: (retries: number) => Math.min(50 * 2 ** Math.min(retries, 8), RETRY_MAX_MILLISECONDS),
        ...(isTls ? trust : {}),
      },
    },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  }
}

/** The library tells every lost connection as an event, which ends the process when nobody listens. */
function ignoreErrors(client: { on(event: 'error', listener: () => void): unknown }): void {
  client.on('error', () => undefined)
}

function sendAll(commands: readonly Words[], send: (words: Words) => Promise<unknown>): Promise<readonly unknown[]> {
  return Promise.all(commands.map((words, at) => (at === 0 ? send(words) : send(words).catch(() => undefined))))
}

function createSingle(redis: Redis, place: RedisPlace): RedisWire {
  const { node, commandOptions } = settings(redis, place)
  const [at] = place.nodes
  const options = { ...node, database: place.database, commandOptions, socket: { ...node.socket, ...at } }
  const client = redis.createClient(options)
  const listening = redis.createClient({ ...options, commandOptions: {} })
  ignoreErrors(client)
  ignoreErrors(listening)
  const send = (words: Words) => client.sendCommand(words)
  return {
    client,
    send: (_key, commands) => sendAll(commands, send),
    masters: async () => [send],
    subscribe: (channels, listener) => listening.subscribe([...channels], listener),
    async connect() {
      await Promise.all([client.connect(), listening.connect()])
    },
    destroy() {
      for (const each of [client, listening]) if (each.isOpen) each.destroy()
    },
  }
}

function createCluster(redis: Redis, place: RedisPlace): RedisWire {
  const { node, commandOptions } = settings(redis, place)
  const client = redis.createCluster({
    rootNodes: place.nodes.map((at) => ({ ...node, socket: { ...node.socket, ...at } })),
    defaults: { ...node },
    commandOptions,
  })
  ignoreErrors(client)
  return {
    client,
    send: (key, commands) => sendAll(commands, (words) => client.sendCommand(key, false, [...words])),
    async masters() {
      const nodes = await Promise.all(client.masters.map((master) => client.nodeClient(master)))
      return nodes.map((each) => (words: Words) => each.sendCommand(words, commandOptions))
    },
    subscribe: (channels, listener) => client.subscribe([...channels], listener),
    async connect() {
      await client.connect()
    },
    destroy() {
      if (client.isOpen) client.destroy()
    },
  }
}

function createSentinel(redis: Redis, place: RedisPlace): RedisWire {
  const { node, commandOptions } = settings(redis, place)
  const client = redis.createSentinel({
    name: place.master ?? '',
    sentinelRootNodes: [...place.nodes],
    nodeClientOptions: { ...node, database: place.database },
    sentinelClientOptions: { socket: node.socket },
    masterPoolSize: MASTER_CONNECTIONS,
    scanInterval: 1000,
    commandOptions,
  })
  ignoreErrors(client)
  return {
    client,
    // One connection for all of them: WAIT is about what its own connection has written.
    send: (_key, commands) => client.use((lease) => sendAll(commands, (words) => lease.sendCommand(false, [...words]))),
    masters: async () => [(words) => client.sendCommand(false, [...words])],
    subscribe: async (channels, listener) => {
      await client.subscribe([...channels], listener)
    },
    async connect() {
      await client.connect()
    },
    destroy() {
      // It goes on closing by itself; nobody waits for a server that may be gone.
      void nextTurn().then(() => client.destroy())
    },
  }
}
