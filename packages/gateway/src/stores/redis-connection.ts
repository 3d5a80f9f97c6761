// Questions to Redis with a limit in time, and its word about changes with a pulse: each process hears its own heartbeat
// by the way that changes come, so that a silent loss of that way is noticed. Connections that stay lost are made anew.
import { randomUUID } from 'node:crypto'
import { type Clock, systemElapsed } from '../kernel/time.ts'
import { wait, within } from '../kernel/wait.ts'
import type { StoreChange } from '../session/session-store.ts'
import { type Announcements, createAnnouncements } from './announcements.ts'
import { createReachability } from './reachability.ts'
import { isPassing, redisError, refusalOf, unavailable } from './redis-errors.ts'
import { BEAT, evaluate, type Script } from './redis-scripts.ts'
import type { RedisWire, Send, WireEvents, Words } from './redis-wire.ts'
import { createStoreClock } from './store-clock.ts'

export interface RedisConnection {
  readonly now: Clock
  readonly announcements: Announcements
  unreachableSince(): number | null
  /** Rejects with `ERR_STORE_UNAVAILABLE`. */
  run(script: Script, key: string, words: Words): Promise<unknown>
  /** As `run`; where the master has replicas, one of them has it too, or half a second has passed. */
  runDurably(script: Script, key: string, words: Words): Promise<unknown>
  ask(key: string, words: Words): Promise<unknown>
  /** Of each master, always in the same order. */
  masters(): Promise<readonly Send[]>
  /** Rejects with `ERR_STORE_UNAVAILABLE`. */
  open(): Promise<void>
  /** Why the server does not let us in; null where it may yet. */
  refusal(): string | null
  close(): void
}

export interface RedisConnectionOptions {
  readonly createWire: (events: WireEvents) => RedisWire
  readonly prefix: string
  /** Null: the server's. */
  readonly clock: Clock | null
  readonly tell: (state: 'lost' | 'found') => void
  readonly onChange: (change: StoreChange) => void
}

const COMMAND_SECONDS = 2
const RETRY_SECONDS = 0.1
const PULSE_SECONDS = 0.5
/** After so long without a heartbeat the way of changes counts as lost. */
const SILENCE_SECONDS = 2
/** So often what stays lost is connected anew, whatever the library makes of it. */
const RENEWAL_SECONDS = 5
const REPLICA_MILLISECONDS = '500'
/** So long nobody waits for replicas of which none has answered in time. */
const REPLICA_REST_SECONDS = 5
const ROLE: Words = ['ROLE']
const WAIT: Words = ['WAIT', '1', REPLICA_MILLISECONDS]

export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { prefix, onChange } = options
  const announcements = createAnnouncements(`${prefix}:changes`, onChange)
  const anyKey = `${prefix}:meta`
  const heartbeats = `${prefix}:heartbeat:${randomUUID()}`
  const storeClock = createStoreClock(beat, systemElapsed)
  const reach = createReachability({ now, tell: options.tell, onFound: tellAll })
  let wire: RedisWire | undefined
  /** Of the latest connection that was lost or never made. */
  let trouble: unknown
  let refusal: string | null = null
  let pulses = 0
  let heard = 0
  let heardAt = systemElapsed()
  let mayHaveMissed = false
  let answeredAt = systemElapsed()
  /** Since when the server has answered nothing. */
  let silentSince: number | undefined
  let renewedAt = systemElapsed()
  let isRenewing = false
  let replicasRestUntil = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function now(): number {
    return options.clock === null ? storeClock.now() : options.clock()
  }

  function noteAnswer(): void {
    answeredAt = systemElapsed()
    silentSince = undefined
  }

  async function limited<T>(work: (wire: RedisWire) => Promise<T>, seconds: number): Promise<T> {
    if (isClosed || wire === undefined) throw unavailable('closed')
    const answer = await within(
      work(wire).then((value) => ({ value })),
      seconds,
    )
    if (isClosed) throw unavailable('closed')
    if (answer === undefined) throw unavailable('timeout')
    noteAnswer()
    return answer.value
  }

  /** Asks again what was not answered: whatever is asked here may be done twice. */
  async function patiently<T>(work: (wire: RedisWire) => Promise<T>): Promise<T> {
    const askedAt = systemElapsed()
    // Nobody waits in line for a server that has answered nothing for so long.
    if (silentSince !== undefined && askedAt - silentSince > COMMAND_SECONDS) throw unavailable('unreachable')
    for (;;) {
      const left = COMMAND_SECONDS - (systemElapsed() - askedAt)
      try {
        return await limited(work, Math.max(left, RETRY_SECONDS))
      } catch (error) {
        if (!isPassing(error) || left < RETRY_SECONDS) throw redisError(error)
        await wait(RETRY_SECONDS * (0.5 + Math.random()))
      }
    }
  }

  /** The script's answer, and whether there are replicas to have what it wrote, too. */
  function write(wire: RedisWire, script: Script, key: string, words: Words): Promise<[unknown, boolean]> {
    const answer = evaluate((sent) => wire.write(key, sent), script, key, words)
    return Promise.all([answer, wire.confirm(key, ROLE).then(hasReplicas, () => false)])
  }

  async function waitForReplica(key: string): Promise<void> {
    if (systemElapsed() < replicasRestUntil) return
    const acknowledged = await limited((wire) => wire.confirm(key, WAIT), COMMAND_SECONDS).catch(() => undefined)
    if (acknowledged === 0) replicasRestUntil = systemElapsed() + REPLICA_REST_SECONDS
  }

  function tellAll(): void {
    mayHaveMissed = false
    announcements.forget()
    onChange({ kind: 'all' })
  }

  function hear(message: string, channel: string): void {
    if (isClosed) return
    if (channel === heartbeats) hearHeartbeat(Number(message))
    else announcements.hear(message)
  }

  function hearHeartbeat(pulse: number): void {
    // What was published between two heartbeats may have been lost with the one that is missing.
    if (pulse !== heard + 1 && heard !== 0) mayHaveMissed = true
    heard = pulse
    heardAt = systemElapsed()
    noteAnswer()
    if (reach.unreachableSince() === null && mayHaveMissed) tellAll()
    reach.seen()
  }

  async function beat(): Promise<number> {
    pulses += 1
    const words = [heartbeats, String(pulses)]
    const ask = (wire: RedisWire) => evaluate((sent) => wire.send(anyKey, sent), BEAT, anyKey, words)
    const told = (await limited(ask, COMMAND_SECONDS)) as readonly [unknown, unknown]
    return Number(told[0]) + Number(told[1]) / 1_000_000
  }

  async function pulsate(): Promise<void> {
    const startedAt = systemElapsed()
    if (startedAt - heardAt > SILENCE_SECONDS) reach.missed()
    if (reach.unreachableSince() !== null && startedAt - renewedAt > RENEWAL_SECONDS) void renew()
    try {
      await storeClock.measure()
    } catch {
      // Given up while others, asked later, were answered.
      if (isClosed || answeredAt > startedAt) return
      silentSince ??= startedAt
      reach.missed()
    }
  }

  function createWire(): RedisWire {
    return options.createWire({
      onTrouble(error) {
        mayHaveMissed = true
        trouble = error
        refusal = refusalOf(error) ?? refusal
      },
      onMoved: () => void renew(),
    })
  }

  async function connect(fresh: RedisWire): Promise<void> {
    const ready = fresh.connect().then(() => fresh.subscribe([announcements.channel, heartbeats], hear))
    const isReady = await within(
      ready.then(() => true),
      COMMAND_SECONDS,
    )
    if (!isReady) throw trouble === undefined ? unavailable('timeout') : redisError(trouble)
  }

  async function renew(): Promise<void> {
    if (isRenewing || isClosed) return
    isRenewing = true
    renewedAt = systemElapsed()
    const fresh = createWire()
    try {
      await connect(fresh)
      if (isClosed) throw unavailable('closed')
      wire?.destroy()
      wire = fresh
      mayHaveMissed = true
      void pulsate()
    } catch {
      fresh.destroy()
    } finally {
      isRenewing = false
    }
  }

  return {
    now,
    announcements,
    unreachableSince: reach.unreachableSince,
    run: (script, key, words) => patiently((wire) => evaluate((sent) => wire.send(key, sent), script, key, words)),
    async runDurably(script, key, words) {
      const [answer, isReplicated] = await patiently((wire) => write(wire, script, key, words))
      if (isReplicated) await waitForReplica(key)
      return answer
    },
    ask: (key, words) => patiently((wire) => wire.send(key, words)),
    async masters() {
      const sends = await patiently((wire) => wire.masters())
      return sends.map((send) => (words: Words) => patiently(() => send(words)))
    },
    async open() {
      wire = createWire()
      await connect(wire).catch((error: unknown) => {
        refusal = refusalOf(error) ?? refusal
        throw redisError(error)
      })
      await storeClock.measure()
      timer = setInterval(pulsate, PULSE_SECONDS * 1000).unref()
    },
    refusal: () => refusal,
    close() {
      isClosed = true
      clearInterval(timer)
      wire?.destroy()
    },
  }
}

function hasReplicas(role: unknown): boolean {
  const replicas = Array.isArray(role) ? role[2] : undefined
  return Array.isArray(replicas) && replicas.length > 0
}
