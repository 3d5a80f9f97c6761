// What realms have still to end, written down so that it outlives the process: one sealed document, because it holds
// refresh tokens. While the store is out of reach it is kept in memory.
import { randomUUID } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { TokenSet } from '../realm/token-set.ts'
import type { Session } from '../session/session.ts'
import { sidIndex } from '../session/session-id.ts'
import type { SessionStore } from '../session/session-store.ts'

/** One session of a realm that is to be ended there. */
export interface RealmEnding {
  readonly id: string
  readonly realm: string
  readonly issuer: string
  readonly refreshToken: string
  /** The public handle of the session of ours that held the token. */
  readonly session: string
  /** Under which a newer session of ours would be found that grew out of the same one; null where that does not matter. */
  readonly sid: string | null
  readonly endedAt: EpochSeconds
  /** When the token is dead anyway. */
  readonly expiresAt: EpochSeconds
  readonly tries: number
  readonly dueAt: EpochSeconds
}

/**
 * `resumable`: the person ended it themself; when they have logged in again meanwhile, in the same session of the realm,
 * that one stays. `final`: it ends, whatever has grown out of it.
 */
export type EndIntent = 'resumable' | 'final'

export interface EndingNotesOptions {
  readonly store: Pick<SessionStore, 'now' | 'readDocument' | 'writeDocument'>
  /** Of the purpose `realm-endings`. */
  readonly sealer: Sealer
  readonly events: Pick<Events, 'emit'>
  /** Of those that are written down; the oldest go first. */
  readonly maxEndings: number
}

export interface EndingNotes {
  /** Never rejects: what cannot be written is kept, and written by a later `save`. */
  add(endings: readonly RealmEnding[]): Promise<void>
  remove(endings: readonly RealmEnding[]): Promise<void>
  /** To be tried again, each after twice the pause it had before. */
  postpone(endings: readonly RealmEnding[]): Promise<void>
  /** At most `limit` that are to be tried now. */
  due(limit: number): Promise<readonly RealmEnding[]>
  /** Those that are in this process alone. */
  unsaved(): readonly RealmEnding[]
  save(): Promise<void>
  /** Whether there were any at the last look. */
  areKnown(): boolean
}

const DOCUMENT_NAME = 'realm-endings'
const DOCUMENT_FORMAT = 1
const WRITE_ATTEMPTS = 10
const FIRST_PAUSE_SECONDS = 5
const MAX_PAUSE_SECONDS = 300
/** For refresh tokens of which the realm told no end. */
const UNKNOWN_LIFE_SECONDS = 86_400

/** What a session holds at realms: its own session there, and those of its second logins. */
export function endingsOf(session: Session, intent: EndIntent, now: EpochSeconds): readonly RealmEnding[] {
  const { realm, issuer, tokens, sid, secondLogins } = session
  const own = intent === 'final' || sid === null ? null : sidIndex(issuer, sid)
  const build = (name: string, from: string, held: TokenSet, sidHash: string | null): readonly RealmEnding[] => {
    if (held.refreshToken === null) return []
    const ending: RealmEnding = {
      id: randomUUID(),
      realm: name,
      issuer: from,
      refreshToken: held.refreshToken,
      session: session.handle,
      sid: sidHash,
      endedAt: now,
      expiresAt: held.refreshTokenExpiresAt ?? now + UNKNOWN_LIFE_SECONDS,
      tries: 1,
      dueAt: now + FIRST_PAUSE_SECONDS,
    }
    return [ending]
  }
  const others = Object.entries(secondLogins).flatMap(([name, login]) => build(name, login.issuer, login.tokens, null))
  return [...build(realm, issuer, tokens, own), ...others]
}

/** All methods but `add` reject with `ERR_STORE_UNAVAILABLE`. */
export function createEndingNotes(options: EndingNotesOptions): EndingNotes {
  const { store, sealer, events } = options
  let unsaved: readonly RealmEnding[] = []
  let known = 0
  let saving: Promise<void> = Promise.resolve()
  let nextSave: Promise<void> | null = null

  async function read() {
    const document = await store.readDocument(DOCUMENT_NAME)
    if (document === undefined) return { endings: [], version: 0, isSealedByNewest: true }
    const opened = sealer.open(document.sealed, DOCUMENT_NAME)
    if (opened.kind === 'unknown-key')
      throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'sealing key unknown' })
    const endings = opened.kind === 'opened' ? parseEndings(opened.plaintext) : []
    const isSealedByNewest = opened.kind === 'opened' && opened.byNewestKey
    return { endings, version: document.version, isSealedByNewest }
  }

  /** Compare-and-set, and again where somebody else wrote first. */
  async function change(make: (endings: readonly RealmEnding[]) => readonly RealmEnding[]): Promise<void> {
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      const { endings, version, isSealedByNewest } = await read()
      const made = keepNewest(make(endings.filter(({ expiresAt }) => expiresAt > store.now())))
      known = made.length
      if (isSame(made, endings) && isSealedByNewest) return
      const text = JSON.stringify({ format: DOCUMENT_FORMAT, endings: made })
      if (await store.writeDocument(DOCUMENT_NAME, sealer.seal(Buffer.from(text), DOCUMENT_NAME), version)) return
    }
    throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'contended' })
  }

  function keepNewest(endings: readonly RealmEnding[]): readonly RealmEnding[] {
    if (endings.length <= options.maxEndings) return endings
    const warning = 'too many sessions could not be ended at their realms: the oldest are given up'
    events.emit({ kind: 'gateway.warned', warning })
    return endings.slice(-options.maxEndings)
  }

  async function saveUnsaved(): Promise<void> {
    nextSave = null
    const added = unsaved
    if (added.length === 0) return
    await change((endings) => [...endings, ...added.filter((ending) => unsaved.includes(ending))])
    unsaved = unsaved.filter((ending) => !added.includes(ending))
  }

  /** What many add at the same time is written once. */
  function save(): Promise<void> {
    nextSave ??= saving.then(saveUnsaved, saveUnsaved)
    saving = nextSave
    return nextSave
  }

  function without(endings: readonly RealmEnding[], gone: readonly RealmEnding[]): readonly RealmEnding[] {
    const ids = new Set(gone.map(({ id }) => id))
    return endings.filter(({ id }) => !ids.has(id))
  }

  return {
    async add(endings) {
      unsaved = keepNewest([...unsaved, ...endings])
      await save().catch(() => undefined)
    },
    async remove(gone) {
      const written = without(gone, unsaved)
      unsaved = without(unsaved, gone)
      if (written.length > 0) await change((endings) => without(endings, written))
    },
    async postpone(left) {
      const now = store.now()
      const later = new Map(left.map((ending) => [ending.id, postponed(ending, now)]))
      if (left.length > 0) await change((endings) => endings.map((ending) => later.get(ending.id) ?? ending))
    },
    async due(limit) {
      const { endings, isSealedByNewest } = await read()
      // A sealing key can be retired once nothing is sealed by it.
      if (!isSealedByNewest) await change((all) => all)
      known = endings.length
      return endings.filter(({ dueAt }) => dueAt <= store.now()).slice(0, limit)
    },
    unsaved: () => unsaved,
    save,
    areKnown: () => known > 0 || unsaved.length > 0,
  }
}

function parseEndings(plaintext: Buffer): readonly RealmEnding[] {
  const { format, endings } = JSON.parse(plaintext.toString()) as { format: number; endings: readonly RealmEnding[] }
  return format === DOCUMENT_FORMAT ? endings : []
}

function postponed(ending: RealmEnding, now: EpochSeconds): RealmEnding {
  const pause = Math.min(FIRST_PAUSE_SECONDS * 2 ** ending.tries, MAX_PAUSE_SECONDS)
  return { ...ending, tries: ending.tries + 1, dueAt: now + pause }
}

function isSame(made: readonly RealmEnding[], endings: readonly RealmEnding[]): boolean {
  return made.length === endings.length && made.every((ending, at) => ending === endings[at])
}
