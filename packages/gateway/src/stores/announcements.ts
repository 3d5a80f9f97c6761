// Who changed which record, told by the store to every process, and by this process to itself: each change once, its own
// before the call that made it resolves. What a call cannot know, because its answer was lost, the message itself tells.
import { randomBytes } from 'node:crypto'
import type { SessionEnd } from '../kernel/events.ts'
import type { StoreChange } from '../session/session-store.ts'

export interface Announcement {
  /** Names this write among all of them. */
  readonly write: string
  /** What the script publishes. */
  readonly words: readonly [channel: string, message: string]
}

export interface Announcements {
  readonly channel: string
  /** A name for a write of which nobody is told. */
  nameWrite(): string
  /** Does the work, whose script publishes the announcement exactly when it writes, and tells what it wrote. */
  around<T>(
    change: ChangeOfOne,
    work: (announcement: Announcement) => Promise<T>,
    wrote: (answer: T) => boolean,
  ): Promise<T>
  hear(message: string): void
  /** Messages have been lost. */
  forget(): void
}

/** `by`: how the session ended; null when its record was replaced. */
export interface ChangeOfOne {
  readonly key: string
  readonly by: SessionEnd | null
}

/** Of a message; another one is a newer program's. */
const FORMAT = '1'
const MESSAGE = /^(\d+):([\w-]+):([\w-]*):(.*)$/s

export function createAnnouncements(channel: string, tell: (change: StoreChange) => void): Announcements {
  const origin = randomBytes(9).toString('base64url')
  /** Own writes under way, and whether they have been heard of. */
  const open = new Map<string, boolean>()
  /** Own writes that have been told and are still to be heard of. */
  const told = new Set<string>()
  let writes = 0

  function nameWrite(): string {
    writes += 1
    return `${origin}-${writes}`
  }

  function hear(message: string): void {
    const [, format, write = '', by = '', key = ''] = MESSAGE.exec(message) ?? []
    if (format !== FORMAT) tell({ kind: 'all' })
    else if (told.delete(write)) return
    else if (open.has(write)) open.set(write, true)
    else tell(parseChange(key, by))
  }

  function settle(write: string, change: StoreChange, hasWritten: boolean): void {
    const isHeard = open.get(write) === true
    open.delete(write)
    if (hasWritten && !isHeard) told.add(write)
    if (hasWritten || isHeard) tell(change)
  }

  return {
    channel,
    nameWrite,
    hear,
    forget: () => told.clear(),
    async around({ key, by }, work, wrote) {
      const write = nameWrite()
      const change = parseChange(key, by ?? '')
      open.set(write, false)
      try {
        const answer = await work({ write, words: [channel, buildMessage(write, { key, by })] })
        settle(write, change, wrote(answer))
        return answer
      } catch (error) {
        settle(write, change, false)
        // It may have been written, now or in a moment, which is told when it is heard of.
        tell({ kind: 'sessions', keys: [key] })
        throw error
      }
    },
  }
}

export function buildMessage(write: string, { key, by }: ChangeOfOne): string {
  return `${FORMAT}:${write}:${by ?? ''}:${key}`
}

function parseChange(key: string, by: string): StoreChange {
  return by === '' ? { kind: 'sessions', keys: [key] } : { kind: 'ended', key, by: by as SessionEnd }
}
