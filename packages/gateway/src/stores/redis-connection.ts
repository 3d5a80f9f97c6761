// Questions to Redis with a limit in time, and its word about changes with a pulse: each process hears its own heartbeat
// by the way that changes come, so that a silent loss of that way is noticed.
import { randomUUID } from 'node:crypto'
import type { SessionEnd } from '../kernel/events.ts'
import { type Clock, systemElapsed } from '../kernel/time.ts'
import { wait, within } from '../kernel/wait.ts'
import type { StoreChange } from '../session/session-store.ts'
import { createReachability } from './reachability.ts'
import { isPassing, isUnknownScript, redisError } from './redis-errors.ts'
import type { Script } from './redis-scripts.ts'
import type { RedisWire, Words } from './redis-wire.ts'
import { createStoreClock } from './store-clock.ts'

export interface RedisConnection {
  readonly now: Clock
  unreachableSince(): number | null
  /** Rejects with `ERR_STORE_UNAVAILABLE`. */
  run(script: Script, key: string, words: Words): Promise<unknown>
  /** As `run`; where the master has replicas, one of them has it too, or half a second has passed. */
  runDurably(script: Script, key: string, words: Words): Promise<unknown>
  ask(key: string, words: Words): Promise<unknown>
  /** Of each master, one after the other. */
  masters(): Promise<readonly ((words: Words) => Promise<unknown>)[]>
  /** What a script publishes for a change, so that every process but this one hears it. */
  announcement(key: string, ended: SessionEnd | null): readonly [channel: string, message: string]
  /** Throws what the server says; for the first question of all. */
  askPlainly(script: Script, key: string, words: Words): Promise<unknown>
  open(): Promise<void>
  close(): void
}

export interface RedisConnectionOptions {
  readonly wire: RedisWire
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
const MEASURE_EVERY_PULSES = 20
const REPLICA_MILLISECONDS = '500'
const ROLE: Words = ['ROLE']
const WAIT: Words = ['WAIT', '1', REPLICA_MILLISECONDS]

export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { wire, prefix } = options
  const origin = randomUUID()
  const changes = `${prefix}:changes`
  const heartbeats = `${prefix}:heartbeat:${origin}`
  const storeClock = createStoreClock(askTime, systemElapsed)
  const reach = createReachability({
    now: () => now(),
    tell: options.tell,
    onFound: () => options.onChange({ kind: 'all' }),
  })
  let pulses = 0
  let heard = 0
  let heardAt = systemElapsed()
  let beatAt = heardAt
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function now(): number {
    return options.clock === null ? storeClock.now() : options.clock()
  }

  async function askTime(): Promise<number> {
    const [told] = await limited(() => wire.send(changes, [['TIME']]))
    const [seconds, micros] = told as readonly [unknown, unknown]
    return Number(seconds) + Number(micros) / 1_000_000
  }

  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) throw redisError(new Error('CLOSED'))
    const answer = await within(
      work().then((value) => ({ value })),
      COMMAND_SECONDS,
    )
    if (answer === undefined) throw redisError(new Error('TIMEOUT'))
    return answer.value
  }

  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    const giveUpAt = systemElapsed() + COMMAND_SECONDS
    for (;;) {
      try {
        return await limited(work)
      } catch (error) {
        if (!isPassing(error) || systemElapsed() > giveUpAt) throw redisError(error)
        await wait(RETRY_SECONDS * (0.5 + Math.random()))
      }
    }
  }

  async function sendScript(
    script: Script,
    key: string,
    words: Words,
    after: readonly Words[],
  ): Promise<readonly unknown[]> {
    try {
      return await wire.send(key, [['EVALSHA', script.sha, '1', key, ...words], ...after])
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return wire.send(key, [['EVAL', script.text, '1', key, ...words], ...after])
    }
  }

  function hear(message: string, channel: string): void {
    if (channel === heartbeats) hearHeartbeat(Number(message))
    else hearChange(message)
  }

  function hearHeartbeat(pulse: number): void {
    // What was published between two heartbeats may have been lost with the one that is missing.
    if (pulse !== heard + 1 && heard !== 0) options.onChange({ kind: 'all' })
    heard = pulse
    heardAt = systemElapsed()
    reach.seen()
  }

  function hearChange(message: string): void {
    const [, by, from, ended, key] = /^(\d):([^:]*):([^:]*):(.*)$/s.exec(message) ?? []
    if (by !== '1' || from === origin || key === undefined) return
    options.onChange(ended === '' ? { kind: 'sessions', keys: [key] } : { kind: 'ended', key, by: ended as SessionEnd })
  }

  function beat(): void {
    pulses += 1
    const at = systemElapsed()
    // A process that could not run did not listen either: what was told meanwhile is still to be read.
    const wasAwake = at - beatAt < SILENCE_SECONDS / 2
    beatAt = at
    if (wasAwake && at - heardAt > SILENCE_SECONDS) reach.missed()
    limited(() => wire.send(changes, [['PUBLISH', heartbeats, String(pulses)]])).catch(() => reach.missed())
    if (pulses % MEASURE_EVERY_PULSES === 0) storeClock.measure().catch(() => undefined)
  }

  return {
    now,
    unreachableSince: reach.unreachableSince,
    run: async (script, key, words) => (await patiently(() => sendScript(script, key, words, [])))[0],
    async runDurably(script, key, words) {
      const [answer, role] = await patiently(() => sendScript(script, key, words, [ROLE]))
      if (hasReplicas(role)) await limited(() => wire.send(key, [WAIT])).catch(() => undefined)
      return answer
    },
    ask: async (key, words) => (await patiently(() => wire.send(key, [words])))[0],
    async masters() {
      const sends = await patiently(wire.masters)
      return sends.map((send) => (words: Words) => patiently(() => send(words)))
    },
    announcement: (key, ended) => [changes, `1:${origin}:${ended ?? ''}:${key}`],
    askPlainly: async (script, key, words) => (await limited(() => sendScript(script, key, words, [])))[0],
    async open() {
      await limited(wire.connect)
      await limited(() => wire.subscribe([changes, heartbeats], hear))
      await storeClock.measure()
      timer = setInterval(beat, PULSE_SECONDS * 1000).unref()
      beat()
    },
    close() {
      isClosed = true
      clearInterval(timer)
      wire.destroy()
    },
  }
}

function hasReplicas(role: unknown): boolean {
  const [, , replicas] = Array.isArray(role) ? role : []
  return Array.isArray(replicas) && replicas.length > 0
}
