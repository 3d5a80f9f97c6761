// Connections to Redis, to one server or a cluster: commands by the key they touch, and the word of changes. What waits for
// replicas has connections of its own, because the server holds up what comes after it on the same one.
import { getCACertificates } from 'node:tls'
import type { RedisClientOptions } from 'redis'
import { GatewayError, systemCode } from '../kernel/errors.ts'
import { refusalOf } from './redis-errors.ts'

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
export type Send = (words: Words) => Promise<unknown>
export type Listener = (message: string, channel: string) => void

export interface RedisWire {
  /** To the master that has the key. */
  send(key: string, words: Words): Promise<unknown>
  /** The same on the connection for what waits for replicas. */
  write(key: string, words: Words): Promise<unknown>
  /** On the connection that `write` uses for this key, and after what was written there; for a command without a key. */
  confirm(key: string, words: Words): Promise<unknown>
  /** To each master, always in the same order. */
  masters(): Promise<readonly Send[]>
  subscribe(channels: readonly string[], listener: Listener): Promise<void>
  connect(): Promise<void>
  destroy(): void
}

const CONNECT_MILLISECONDS = 2000
const RETRY_MAX_MILLISECONDS = 1000
/** Beyond these a command fails at once: what waits for a server that does not answer must not pile up. */
const QUEUE_MAX = 20_000

export type Redis = typeof import('redis')

/** Rejects with `ERR_STORE_REFUSED` where it is not installed. */
export async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    const remedy = 'npm install redis'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'the package redis is not installed', remedy })
  }
}

export interface WireEvents {
  /** A connection was lost, perhaps the one on which changes are told. */
  onTrouble(error: unknown): void
  /** The servers have changed their roles: these connections are of no use any more. */
  onMoved(): void
}

export function buildSettings({ RESP_TYPES }: Redis, { user, password, isTls, ca }: RedisPlace) {
  const trust = { tls: true as const, ...(ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] }) }
  const socket = { connectTimeout: CONNECT_MILLISECONDS, reconnectStrategy, ...(isTls ? trust : {}) }
  const node = {
    ...(user === null ? {} : { username: user }),
    ...(password === null ? {} : { password }),
    commandsQueueMaxLength: QUEUE_MAX,
    disableOfflineQueue: true,
    socket,
  } satisfies RedisClientOptions
  return { node, commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } }
}

/** False: whoever is refused is refused next time, too. */
function reconnectStrategy(retries: number, cause: Error): number | false {
  return refusalOf(cause) === null && Math.min(50 * 2 ** Math.min(retries, 8), RETRY_MAX_MILLISECONDS)
}

/** To the first of the nodes. */
export function createSingleWire(redis: Redis, place: RedisPlace, { onTrouble }: WireEvents): RedisWire {
  const { node, commandOptions } = buildSettings(redis, place)
  const options = { ...node, database: place.database, socket: { ...node.socket, ...place.nodes[0] } }
  const make = () => redis.createClient({ ...options, commandOptions }).on('error', onTrouble)
  const [reading, writing] = [make(), make()]
  const listening = redis.createClient(options).on('error', onTrouble)
  const clients = [reading, writing, listening]
  return {
    send: (_key, words) => reading.sendCommand(words),
    write: (_key, words) => writing.sendCommand(words),
    confirm: (_key, words) => writing.sendCommand(words),
    masters: async () => [(words) => reading.sendCommand(words)],
    subscribe: (channels, listener) => listening.subscribe([...channels], listener),
    async connect() {
      await Promise.all(clients.map((client) => client.connect()))
    },
    destroy() {
      for (const client of clients) if (client.isOpen) client.destroy()
    },
  }
}

export function createClusterWire(redis: Redis, place: RedisPlace, { onTrouble }: WireEvents): RedisWire {
  const { node, commandOptions } = buildSettings(redis, place)
  const rootNodes = place.nodes.map((at) => ({ ...node, socket: { ...node.socket, ...at } }))
  const make = () =>
    redis
      .createCluster({ rootNodes, defaults: node, commandOptions })
      .on('error', onTrouble)
      .on('node-error', onTrouble)
      .on('node-disconnect', onTrouble)
  const [reading, writing] = [make(), make()]
  return {
    send: (key, words) => reading.sendCommand(key, false, [...words]),
    write: (key, words) => writing.sendCommand(key, false, [...words]),
    async confirm(key, words) {
      // A command without a key would go to any of them, or to all.
      const [answer] = await writing
        .multi(key)
        .addCommand(key, false, [...words])
        .execAsPipeline()
      return answer
    },
    async masters() {
      const masters = reading.masters.toSorted((one, other) => (one.id < other.id ? -1 : 1))
      const clients = await Promise.all(masters.map((master) => reading.nodeClient(master)))
      return clients.map((client) => (words) => client.sendCommand(words, commandOptions))
    },
    subscribe: (channels, listener) => reading.subscribe([...channels], listener),
    async connect() {
      await Promise.all([reading.connect(), writing.connect()])
    },
    destroy() {
      const destroyAll = () => {
        for (const client of [reading, writing]) client.destroy()
      }
      destroyAll()
      // What the library has just learnt of nodes, it connects to all the same.
      setTimeout(destroyAll, 2 * CONNECT_MILLISECONDS).unref()
    },
  }
}
