// The master that Sentinels name, and whether it still is one. The library's own way takes seconds to find another one.
import { wait, within } from '../kernel/wait.ts'
import { refusalOf } from './redis-errors.ts'
import {
  buildSettings,
  createSingleWire,
  type Redis,
  type RedisPlace,
  type RedisWire,
  type WireEvents,
} from './redis-wire.ts'

type Node = RedisPlace['nodes'][number]

interface NamedMaster extends Node {
  /** Grows with each failover. */
  readonly epoch: number
}

const ANSWER_SECONDS = 0.5
const LOOK_MILLISECONDS = 500

/** Makes connections to the master of the moment. */
export function createSentinelWires(redis: Redis, place: RedisPlace): (events: WireEvents) => RedisWire {
  let latest: Node | undefined
  return (events) =>
    createSentinelWire(redis, place, events, {
      before: latest,
      onMaster(node) {
        latest = node
      },
    })
}

interface Succession {
  /** The master before, which others may still name when it is none any more. */
  readonly before: Node | undefined
  onMaster(node: Node): void
}

function createSentinelWire(
  redis: Redis,
  place: RedisPlace,
  events: WireEvents,
  { before, onMaster }: Succession,
): RedisWire {
  const sentinels = createSentinels(redis, place)
  let master: NamedMaster | undefined
  let wire: RedisWire | undefined
  let timer: NodeJS.Timeout | undefined
  let isDestroyed = false

  function toMaster(): RedisWire {
    if (wire === undefined) throw new Error('not connected')
    return wire
  }

  /** Two may be named for a moment, one of them dead or no master any more. */
  async function tryMaster(node: NamedMaster): Promise<void> {
    const tried = createSingleWire(redis, { ...place, nodes: [node] }, events)
    try {
      await tried.connect()
      if (!(await isMaster(tried)) || wire !== undefined || isDestroyed) throw new Error('not this one')
      wire = tried
      master = node
      onMaster(node)
    } catch (error) {
      tried.destroy()
      throw error
    }
  }

  async function tryAny(nodes: readonly NamedMaster[]): Promise<void> {
    await Promise.any(nodes.map(tryMaster)).catch(throwFirst)
  }

  async function look(): Promise<void> {
    const [named, isStill] = await Promise.all([sentinels.findMasters(), isMaster(toMaster())])
    for (const node of named) if (isSame(node, master)) master = node
    const others = named.filter((node) => !isSame(node, master))
    // A Sentinel that has not heard of the failover yet names the master before.
    if (others.some(({ epoch }) => !isStill || epoch > (master?.epoch ?? 0))) events.onMoved()
  }

  return {
    send: async (key, words) => toMaster().send(key, words),
    write: async (key, words) => toMaster().write(key, words),
    confirm: async (key, words) => toMaster().confirm(key, words),
    masters: async () => toMaster().masters(),
    subscribe: async (channels, listener) => toMaster().subscribe(channels, listener),
    async connect() {
      await sentinels.connect()
      const named = await sentinels.findMasters()
      await tryAny(named.filter((node) => !isSame(node, before))).catch(() => tryAny(named))
      if (isDestroyed) throw new Error('given up meanwhile')
      timer = setInterval(look, LOOK_MILLISECONDS).unref()
    },
    destroy() {
      isDestroyed = true
      clearInterval(timer)
      sentinels.destroy()
      wire?.destroy()
    },
  }
}

function throwFirst(error: unknown): never {
  throw error instanceof AggregateError ? (error.errors[0] ?? new Error('no Sentinel names a master')) : error
}

function isSame(one: Node, other: Node | undefined): boolean {
  return one.host === other?.host && one.port === other.port
}

/** True as well where the user may not ask. */
async function isMaster(wire: RedisWire): Promise<boolean> {
  const answer = wire.send('', ['ROLE']).then(
    (role) => Array.isArray(role) && String(role[0]) === 'master',
    (error: unknown) => refusalOf(error) !== null,
  )
  return (await within(answer, ANSWER_SECONDS)) ?? false
}

interface Sentinels {
  connect(): Promise<void>
  /** Those named by the Sentinels that answer soon, and of them by those that know of the latest failover. */
  findMasters(): Promise<readonly NamedMaster[]>
  destroy(): void
}

function createSentinels(redis: Redis, place: RedisPlace): Sentinels {
  const { socket } = buildSettings(redis, place).node
  const name = place.master ?? ''
  const clients = place.nodes.map((node) =>
    redis.createClient({ disableOfflineQueue: true, socket: { ...socket, ...node } }).on('error', () => undefined),
  )
  const findMaster = async (client: (typeof clients)[number]) => {
    const asked = [
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]),
      client.sendCommand(['SENTINEL', 'MASTER', name]),
    ]
    const [address, master] = await Promise.all(asked)
    const [host, port] = address as unknown as readonly unknown[]
    const { 'config-epoch': epoch } = master as unknown as Readonly<Record<string, unknown>>
    return { host: String(host), port: Number(port), epoch: Number(epoch) }
  }
  return {
    async connect() {
      const connecting = clients.map((client) => client.connect())
      await Promise.race([Promise.allSettled(connecting), wait(ANSWER_SECONDS)])
    },
    async findMasters() {
      const asked = clients.map((client) => within(findMaster(client), ANSWER_SECONDS).catch(() => undefined))
      const named = (await Promise.all(asked)).filter((master) => master !== undefined)
      const latest = Math.max(...named.map(({ epoch }) => epoch))
      const masters = named.filter(({ epoch }) => epoch === latest)
      return masters.filter((one, at) => masters.findIndex((other) => isSame(one, other)) === at)
    },
    destroy() {
      for (const client of clients) if (client.isOpen) client.destroy()
    },
  }
}
