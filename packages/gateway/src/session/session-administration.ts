// What an operator does with sessions: lists, looks at and ends them. Nothing here ever tells a token, a cookie or the
// realm's `sid`.
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionLifecycle } from './lifecycle.ts'
import type { LiveSession } from './live-session.ts'
import { claimOf, type SessionLimits, sessionState } from './session.ts'
import { handleIndex, sidIndex, subjectIndex } from './session-id.ts'
import type { SessionStore } from './session-store.ts'

/** Which sessions are meant. */
export type SessionSelection =
  /** By `sub`, or where nobody has that, by user name or e-mail address. */
  | { readonly kind: 'user'; readonly user: string }
  /** By the public handle, or by the realm's `sid`. */
  | { readonly kind: 'sid'; readonly sid: string }
  | { readonly kind: 'all' }

/** Instants in seconds since 1970. */
export interface SessionSummary {
  /** The public handle. */
  readonly sid: string
  readonly realm: string
  readonly subject: string
  readonly userName: string | null
  /** `lost`: its tokens are, and a silent login may replace it. */
  readonly state: 'active' | 'lost'
  readonly userAgent: string | null
  readonly address: string | null
  readonly createdAt: EpochSeconds
  readonly lastUsedAt: EpochSeconds
  /** Unless it is used again. */
  readonly endsAt: EpochSeconds | null
  readonly absoluteEndAt: EpochSeconds
  /** Realms the person has logged in to beside their own. */
  readonly secondLogins: readonly string[]
}

export interface SessionAdministration {
  /** At most `limit` of all; where some are selected, all of them. `next` goes on from there. */
  list(
    selection: SessionSelection,
    after: string | null,
    limit: number,
  ): Promise<{ readonly sessions: readonly SessionSummary[]; readonly next: string | null }>
  /** How many have ended. `all` includes records that nobody can open any more. */
  end(selection: SessionSelection): Promise<number>
}

export interface SessionAdministrationOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'findAll' | 'list' | 'end' | 'now'>
  readonly store: Pick<SessionStore, 'list' | 'delete'>
  /** Of the realms people log in to. */
  readonly issuers: readonly string[]
  readonly limits: SessionLimits
}

const PAGE_SESSIONS = 200

/** All methods reject with `ERR_STORE_UNAVAILABLE`. */
export function createSessionAdministration(options: SessionAdministrationOptions): SessionAdministration {
  const { lifecycle, store, issuers } = options

  async function findByIssuer(
    index: 'subject' | 'sid',
    hash: (issuer: string, value: string) => string,
    value: string,
  ): Promise<readonly LiveSession[]> {
    const found = await Promise.all(issuers.map((issuer) => lifecycle.findAll(index, hash(issuer, value))))
    return found.flat()
  }

  async function* everySession(): AsyncGenerator<LiveSession> {
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<SessionLifecycle['list']>> = await lifecycle.list(after, PAGE_SESSIONS)
      yield* page.sessions
      after = page.next
    } while (after !== null)
  }

  async function findByName(name: string): Promise<readonly LiveSession[]> {
    const found: LiveSession[] = []
    for await (const live of everySession()) if (isNamed(live, name)) found.push(live)
    return found
  }

  async function select(selection: Exclude<SessionSelection, { kind: 'all' }>): Promise<readonly LiveSession[]> {
    if (selection.kind === 'sid') {
      const named = await lifecycle.findAll('handle', handleIndex(selection.sid))
      return named.length > 0 ? named : findByIssuer('sid', sidIndex, selection.sid)
    }
    const found = await findByIssuer('subject', subjectIndex, selection.user)
    return found.length > 0 ? found : findByName(selection.user)
  }

  async function endEach(sessions: readonly LiveSession[]): Promise<number> {
    let ended = 0
    for (const live of sessions) if (await lifecycle.end(live, 'administrator', 'an operator')) ended += 1
    return ended
  }

  async function endAll(): Promise<number> {
    let ended = 0
    for await (const live of everySession()) ended += await endEach([live])
    // What nobody can open has no person to tell about, and must not come back with a key that is found again.
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<SessionStore['list']>> = await store.list(after, PAGE_SESSIONS)
      for (const key of page.keys) if (await store.delete(key, 'administrator')) ended += 1
      after = page.next
    } while (after !== null)
    return ended
  }

  return {
    async list(selection, after, limit) {
      const page =
        selection.kind === 'all'
          ? await lifecycle.list(after, limit)
          : { sessions: await select(selection), next: null }
      return { ...page, sessions: page.sessions.map((live) => summarize(live, options.limits, lifecycle.now())) }
    },
    end: async (selection) => (selection.kind === 'all' ? endAll() : endEach(await select(selection))),
  }
}

function isNamed({ session }: LiveSession, name: string): boolean {
  return ['preferred_username', 'email'].some((claim) => claimOf(session, claim) === name)
}

function summarize({ session, lastUsedAt }: LiveSession, limits: SessionLimits, now: EpochSeconds): SessionSummary {
  const state = sessionState(session, lastUsedAt, limits, now)
  const userName = claimOf(session, 'preferred_username')
  return {
    sid: session.handle,
    realm: session.realm,
    subject: session.subject,
    userName: typeof userName === 'string' ? userName : null,
    state: state.kind === 'lost' ? 'lost' : 'active',
    ...session.device,
    createdAt: session.createdAt,
    lastUsedAt,
    endsAt: state.kind === 'active' ? state.endsAt : null,
    absoluteEndAt: session.absoluteEndAt,
    secondLogins: Object.keys(session.secondLogins),
  }
}
