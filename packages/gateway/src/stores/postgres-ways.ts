// The two ways by which a process hears of changes. LISTEN, on a connection of its own; and where a pooler deals out
// connections by transaction, so that what is told there reaches nobody, a look at the table of changes again and again.
import { within } from '../kernel/wait.ts'
import { unavailable } from './postgres-errors.ts'
import { quoteName } from './postgres-schema.ts'
import type { Statements } from './postgres-statements.ts'
import { type Ask, type PostgresLine, unnamed } from './postgres-wire.ts'

export interface ChangeWay {
  readonly kind: 'listening' | 'polling'
  readonly everySeconds: number
  /** Resolves when everything told by now has been heard. Rejects when the way is lost. */
  look(): Promise<void>
  close(): void
}

type Hear = (channel: string, message: string) => void

export interface ListenOptions {
  readonly ask: Ask
  readonly statements: Statements
  /** Where changes are told, and a channel of this process alone. */
  readonly changes: string
  readonly pulses: string
  readonly openLine: (hear: Hear) => Promise<PostgresLine>
  readonly hearChange: (message: string) => void
}

const PULSE_SECONDS = 1
const POLL_SECONDS = 0.25
/** After so long without its own word the way of changes counts as lost. */
const SILENCE_SECONDS = 2
/** So long the first word may take; then there is a pooler in between. */
const FIRST_WORD_SECONDS = 0.5

/** Null where what is told is not heard. Rejects with what the library throws. */
export async function listenForChanges(options: ListenOptions): Promise<ChangeWay | null> {
  const { ask, statements, changes, pulses } = options
  let pulse = 0
  let heard = () => {}

  const line = await options.openLine((channel, message) => {
    if (channel === changes) options.hearChange(message)
    else if (message === String(pulse)) heard()
  })

  /** Told through the pool and heard on the line: false when it is not. */
  async function tellMyself(seconds: number): Promise<boolean> {
    pulse += 1
    const { promise, resolve } = Promise.withResolvers<true>()
    heard = () => resolve(true)
    await ask(statements.notify, [pulses, String(pulse)])
    return (await within(promise, seconds)) === true
  }

  try {
    for (const channel of [changes, pulses]) await line.ask(unnamed(`LISTEN ${quoteName(channel)}`), [])
    if (!(await tellMyself(FIRST_WORD_SECONDS))) {
      line.close()
      return null
    }
  } catch (error) {
    line.close()
    throw error
  }
  return {
    kind: 'listening',
    everySeconds: PULSE_SECONDS,
    async look() {
      if (!(await tellMyself(SILENCE_SECONDS))) throw unavailable('silent')
    },
    close: line.close,
  }
}

export interface PollOptions {
  readonly ask: Ask
  readonly statements: Statements
  readonly hearRow: (row: Readonly<Record<string, unknown>>) => void
}

/** Tells nothing of what has been written by now. Rejects with what the library throws. */
export async function pollForChanges({ ask, statements, hearRow }: PollOptions): Promise<ChangeWay> {
  const { rows: newest } = await ask(statements.newestSettled, [])
  let floor = Number(newest[0]?.seq)
  let seen = new Set<number>()

  async function look(hear: (row: Readonly<Record<string, unknown>>) => void): Promise<void> {
    const { rows } = await ask(statements.changesSince, [floor])
    const numbered = rows.map((row) => ({ row, seq: Number(row.seq) }))
    const unseen = numbered.filter(({ seq }) => !seen.has(seq))
    floor = numbered.findLast(({ row }) => row.is_settled === true)?.seq ?? floor
    seen = new Set(numbered.map(({ seq }) => seq).filter((seq) => seq > floor))
    for (const { row } of unseen) hear(row)
  }

  await look(() => {})
  return { kind: 'polling', everySeconds: POLL_SECONDS, look: () => look(hearRow), close() {} }
}
