// Ends sessions at their realms. What a realm does not confirm at once is written down and tried again by whichever
// replica has the lease, with growing pauses, until it is done or the refresh token is dead anyway.
import { randomUUID } from 'node:crypto'
import { isGatewayError } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { Session } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import type { FindRealm } from '../tokens/end-second-logins.ts'
import {
  createEndingNotes,
  type EndIntent,
  type EndingNotesOptions,
  endingsOf,
  type RealmEnding,
} from './realm-ending-notes.ts'

export interface RealmEndings {
  /** True when the realms have confirmed all; false once what is left has been written down. Never rejects. */
  end(session: Session, intent: EndIntent): Promise<boolean>
  /** Begins to look for what is still to be ended. */
  start(): void
  /** Waits for what is under way; what is left stays written down. */
  close(): Promise<void>
}

export interface RealmEndingsOptions extends EndingNotesOptions {
  readonly store: EndingNotesOptions['store'] & Pick<SessionStore, 'acquireLease' | 'releaseLease'>
  readonly sessions: Pick<SessionLifecycle, 'findAll'>
  readonly findRealm: FindRealm
  /** How long a realm is waited for before the ending is written down; the first try goes on. */
  readonly patienceSeconds: number
  /** How often this process looks while it knows of endings, and while it knows of none. */
  readonly busySeconds: number
  readonly quietSeconds: number
}

const LEASE_NAME = 'realm-endings'
const LEASE_SECONDS = 60
/** A realm that has just come back is not to be run over. */
const AT_ONCE = 16

export function createRealmEndings(options: RealmEndingsOptions): RealmEndings {
  const { store, findRealm, events } = options
  const notes = createEndingNotes(options)
  const inTurn = createTurns(AT_ONCE)
  const owner = randomUUID()
  const running = new Set<Promise<unknown>>()
  let timer: NodeJS.Timeout | undefined
  let isClosing = false

  async function confirm({ realm, issuer, refreshToken }: RealmEnding): Promise<boolean> {
    const party = findRealm(realm)
    return party?.issuer === issuer && (await party.endSession(refreshToken))
  }

  /** Those that nobody has confirmed. */
  async function attempt(endings: readonly RealmEnding[]): Promise<readonly RealmEnding[]> {
    const confirmed = await Promise.all(endings.map(confirm))
    return endings.filter((_, at) => confirmed[at] !== true)
  }

  function tell(kind: 'realm-session.pending' | 'realm-session.ended', endings: readonly RealmEnding[]): void {
    for (const { realm, session } of endings) events.emit({ kind, realm, session })
  }

  async function end(endings: readonly RealmEnding[]): Promise<boolean> {
    const trying = attempt(endings)
    const open = (await within(trying, options.patienceSeconds)) ?? endings
    if (open.length === 0) return true
    await notes.add(open)
    tell('realm-session.pending', open)
    const left = await trying
    // What cannot be taken off the list now is ended once more later, which is no harm.
    await settle(open, left).catch(() => undefined)
    schedule(options.busySeconds)
    return left.length === 0
  }

  async function settle(tried: readonly RealmEnding[], left: readonly RealmEnding[]): Promise<void> {
    const done = tried.filter((ending) => !left.includes(ending))
    await notes.remove(done)
    tell('realm-session.ended', done)
  }

  /** Ending it now would log the person out again, who has come back in the same session of the realm. */
  async function isResumed({ sid, endedAt }: RealmEnding): Promise<boolean> {
    if (sid === null) return false
    const living = await options.sessions.findAll('sid', sid)
    return living.some(({ session }) => session.createdAt > endedAt)
  }

  async function workOff(): Promise<void> {
    const due = await notes.due(AT_ONCE)
    const resumed = await Promise.all(due.map(isResumed))
    await notes.remove(due.filter((_, at) => resumed[at] === true))
    const wanted = due.filter((_, at) => resumed[at] !== true)
    const left = await attempt(wanted)
    await settle(wanted, left)
    await notes.postpone(left)
  }

  async function look(): Promise<void> {
    try {
      await notes.save()
      if ((await notes.due(1)).length === 0 || !(await store.acquireLease(LEASE_NAME, owner, LEASE_SECONDS))) return
      await workOff().finally(() => store.releaseLease(LEASE_NAME, owner))
    } catch (cause) {
      if (!isGatewayError(cause)) throw cause
      // The store is out of reach. What only this process knows of need not wait for it.
      const own = notes.unsaved()
      await settle(own, await attempt(own)).catch(() => undefined)
    }
  }

  function schedule(seconds: number): void {
    clearTimeout(timer)
    if (isClosing) return
    timer = setTimeout(() => {
      void track(look()).finally(() => schedule(notes.areKnown() ? options.busySeconds : options.quietSeconds))
    }, seconds * 1000).unref()
  }

  function track<Result>(work: Promise<Result>): Promise<Result> {
    const tracked = work.finally(() => running.delete(tracked))
    running.add(tracked)
    return tracked
  }

  return {
    async end(session, intent) {
      const endings = endingsOf(session, intent, store.now())
      if (endings.length === 0) return true
      // A person waits for theirs; thousands that an operator ends take turns.
      return track(intent === 'resumable' ? end(endings) : inTurn(() => end(endings)))
    },
    start: () => schedule(options.busySeconds),
    async close() {
      isClosing = true
      clearTimeout(timer)
      while (running.size > 0) await Promise.allSettled(running)
      await notes.save().catch(() => undefined)
    },
  }
}

function createTurns(count: number) {
  const waiting: (() => void)[] = []
  let free = count
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const go = waiting.shift()
      if (go === undefined) free += 1
      else go()
    }
  }
}
