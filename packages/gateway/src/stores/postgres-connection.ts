// Questions to PostgreSQL with a limit in time, and its word about changes: each process tells itself something by the
// way that changes come, so that a silent loss of that way is noticed. What is lost is made anew.
import { randomBytes } from 'node:crypto'
import type { SessionEnd } from '../kernel/events.ts'
import { type Clock, systemElapsed } from '../kernel/time.ts'
import { wait, within } from '../kernel/wait.ts'
import type { StoreChange } from '../session/session-store.ts'
import { type Announcements, buildMessage, createAnnouncements } from './announcements.ts'
import { isPassing, postgresError, unavailable } from './postgres-errors.ts'
import type { Statements } from './postgres-statements.ts'
import { type ChangeWay, listenForChanges, pollForChanges } from './postgres-ways.ts'
import type { Ask, PostgresLine, PostgresWire } from './postgres-wire.ts'
import { createReachability } from './reachability.ts'
import { createStoreClock } from './store-clock.ts'

export interface PostgresConnection {
  readonly now: Clock
  readonly announcements: Announcements
  /** Names the sweeps of this process, which nobody needs to hear of from outside. */
  readonly sweeps: string
  unreachableSince(): number | null
  /** Rejects with `ERR_STORE_UNAVAILABLE`. The work may be done twice. */
  run<T>(work: (wire: PostgresWire) => Promise<T>): Promise<T>
  readonly ask: Ask
  /** Rejects with `ERR_STORE_UNAVAILABLE` when the store does not answer, or not to this version of the program. */
  check(): Promise<void>
  open(): Promise<void>
  close(): Promise<void>
}

export interface PostgresConnectionOptions {
  readonly wire: PostgresWire
  readonly statements: Statements
  /** `onLost`: it ended by itself. */
  readonly openLine: (hear: (channel: string, message: string) => void, onLost: () => void) => Promise<PostgresLine>
  readonly schema: string
  /** The newest schema this program knows. */
  readonly schemaVersion: number
  /** Null: the server's. */
  readonly clock: Clock | null
  /** `polling`: changes are not heard of at once but looked for. Must not throw. */
  readonly tell: (state: 'lost' | 'found' | 'polling') => void
  readonly onChange: (change: StoreChange) => void
}

const PATIENCE_SECONDS = 2
const RETRY_SECONDS = 0.1
const LOOK_LIMIT_SECONDS = 2
const REOPEN_SECONDS = 0.5
const STATUS_SECONDS = 1

export function createPostgresConnection(options: PostgresConnectionOptions): PostgresConnection {
  const { wire, statements, schema } = options
  const announcements = createAnnouncements(`${schema}.change`, options.onChange)
  const sweeps = announcements.nameWrite()
  const pulses = `${schema}.${randomBytes(8).toString('hex')}`
  const storeClock = createStoreClock(askStatus, systemElapsed)
  const reach = createReachability({ now, tell: options.tell, onFound: tellAll })
  let way: ChangeWay | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  /** Since when the server has answered nothing. */
  let silentSince: number | undefined
  let isOutdated = false
  let hasToldPolling = false
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function now(): number {
    return options.clock === null ? storeClock.now() : options.clock()
  }

  function tellAll(): void {
    announcements.forget()
    options.onChange({ kind: 'all' })
  }

  async function askStatus(): Promise<number> {
    const { rows } = await wire.ask(statements.status, [])
    checkedAt = systemElapsed()
    isOutdated = Number(rows[0]?.reader) > options.schemaVersion
    return Number(rows[0]?.now)
  }

  function refuse(): void {
    if (isClosed) throw unavailable('closed')
    // A newer program has changed the tables while this one ran.
    if (isOutdated) throw unavailable('newer-schema')
    // Nobody waits in line for a server that has answered nothing for so long.
    if (silentSince !== undefined && systemElapsed() - silentSince > PATIENCE_SECONDS) throw unavailable('unreachable')
  }

  /** Asks again what was not answered. */
  async function run<T>(work: (wire: PostgresWire) => Promise<T>): Promise<T> {
    const askedAt = systemElapsed()
    for (;;) {
      refuse()
      try {
        const answer = await work(wire)
        silentSince = undefined
        return answer
      } catch (error) {
        if (isClosed) throw unavailable('closed')
        if (!isPassing(error)) throw postgresError(error)
        if (systemElapsed() - askedAt > PATIENCE_SECONDS - RETRY_SECONDS) throw postgresError(error)
        await wait(RETRY_SECONDS * (0.5 + Math.random()))
      }
    }
  }

  function hearMessage(message: string): void {
    if (!isClosed && !message.startsWith(buildMessage(sweeps, { key: '', by: null }))) announcements.hear(message)
  }

  function hearRow({ key, origin, ended }: Readonly<Record<string, unknown>>): void {
    hearMessage(buildMessage(String(origin), { key: String(key), by: ended as SessionEnd | null }))
  }

  async function openWay(): Promise<ChangeWay> {
    const listening = await listenForChanges({
      ask: wire.ask,
      statements,
      changes: announcements.channel,
      pulses,
      openLine: (hear) => options.openLine(hear, loseWay),
      hearChange: hearMessage,
    })
    wire.keepPrepared(listening !== null)
    if (listening !== null) return listening
    if (!hasToldPolling) options.tell('polling')
    hasToldPolling = true
    return pollForChanges({ ask: wire.ask, statements, hearRow })
  }

  function loseWay(): void {
    if (isClosed) return
    way?.close()
    way = undefined
    reach.missed()
  }

  async function lookOnce(): Promise<void> {
    way ??= await openWay()
    const looked = way.look().then(() => true)
    if ((await within(looked, LOOK_LIMIT_SECONDS)) !== true) throw unavailable('silent')
    if (systemElapsed() - checkedAt >= STATUS_SECONDS) await storeClock.measure()
    if (isOutdated) throw unavailable('newer-schema')
  }

  async function lookAgain(): Promise<void> {
    const startedAt = systemElapsed()
    try {
      await lookOnce()
      silentSince = undefined
      if (way !== undefined) reach.seen()
    } catch (error) {
      if (isPassing(error)) silentSince ??= startedAt
      loseWay()
    }
    if (isClosed) way?.close()
    else timer = setTimeout(lookAgain, (way?.everySeconds ?? REOPEN_SECONDS) * 1000).unref()
  }

  return {
    now,
    announcements,
    sweeps,
    unreachableSince: reach.unreachableSince,
    run,
    ask: (statement, values) => run(({ ask }) => ask(statement, values)),
    async check() {
      await run(askStatus)
      refuse()
      if (reach.unreachableSince() !== null) throw unavailable('silent')
    },
    async open() {
      await storeClock.measure()
      way = await openWay()
      reach.seen()
      timer = setTimeout(lookAgain, way.everySeconds * 1000).unref()
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      way?.close()
      await wire.close()
    },
  }
}
