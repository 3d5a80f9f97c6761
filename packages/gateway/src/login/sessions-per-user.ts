// So many sessions of one person and no more. Counted once the new one is in the store, so that of two logins at the
// same moment at least one sees the other; who goes is decided by age alone, so that both decide alike.
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { subjectIndex } from '../session/session-id.ts'

export interface SessionsPerUser {
  readonly sessions: number
  readonly whenFull: 'endOldest' | 'refuseLogin'
}

export interface SessionsPerUserOptions {
  readonly sessions: Pick<SessionLifecycle, 'findAll' | 'end'>
  /** Null for any number. */
  readonly maxPerUser: SessionsPerUser | null
  readonly wait: (seconds: number) => Promise<void>
}

/** `superseded`: a login elsewhere at the same moment was the newer one. */
export type Place = 'kept' | 'superseded' | 'refused'

/** How often a login that is not the newest looks whether the newer one, which is the one to yield, has done so. */
const LOOKS = 10
const LOOK_EVERY_SECONDS = 0.1
const BECAUSE = 'more sessions than session.maxPerUser'

/** `replaced`: the session of the same browser, which ends in any case. Only a new session that is `kept` lives on. */
export async function takePlace(
  opened: LiveSession,
  replaced: LiveSession | undefined,
  options: SessionsPerUserOptions,
): Promise<Place> {
  const { maxPerUser, sessions } = options
  if (maxPerUser === null) return 'kept'
  const findOthers = () => findByAge(opened, replaced, maxPerUser.sessions, sessions)
  if (maxPerUser.whenFull === 'endOldest') {
    const all = await findOthers()
    return endOldest(opened, all.slice(0, Math.max(0, all.length - maxPerUser.sessions)), sessions)
  }
  if (!(await isOneTooMany(opened, findOthers, maxPerUser.sessions, options))) return 'kept'
  await sessions.end(opened, 'max-per-user', BECAUSE)
  return 'refused'
}

async function endOldest(
  opened: LiveSession,
  surplus: readonly LiveSession[],
  sessions: SessionsPerUserOptions['sessions'],
): Promise<Place> {
  for (const live of surplus) await sessions.end(live, 'max-per-user', BECAUSE)
  return surplus.some(({ key }) => key === opened.key) ? 'superseded' : 'kept'
}

// A newer one beyond the limit either yields in a moment, or had counted before this one was there: then it stays, and
// this one yields.
async function isOneTooMany(
  opened: LiveSession,
  findOthers: () => Promise<readonly LiveSession[]>,
  max: number,
  { wait }: SessionsPerUserOptions,
): Promise<boolean> {
  for (let look = 1; ; look += 1) {
    const all = await findOthers()
    if (all.length <= max) return false
    if (look === LOOKS || all.findIndex(({ key }) => key === opened.key) >= max) return true
    await wait(LOOK_EVERY_SECONDS)
  }
}

/** The person's sessions, oldest first. Where they are too many, what the same browser has left behind goes first. */
async function findByAge(
  opened: LiveSession,
  replaced: LiveSession | undefined,
  max: number,
  sessions: SessionsPerUserOptions['sessions'],
): Promise<readonly LiveSession[]> {
  const { issuer, subject } = opened.session
  const all = await sessions.findAll('subject', subjectIndex(issuer, subject))
  const counted = all.filter(({ key }) => key !== replaced?.key).sort(byAge)
  if (counted.length <= max) return counted
  const leftBehind = counted.filter((live) => isLeftBehind(live, opened))
  for (const live of leftBehind) await sessions.end(live, 'new-login', 'a new login in the same browser')
  return counted.filter((live) => !leftBehind.includes(live))
}

/**
 * By a browser that forgot our cookie and kept the realm's: it has no other session at the realm than the new one, which
 * would end with it.
 */
function isLeftBehind(live: LiveSession, opened: LiveSession): boolean {
  const { sid } = opened.session
  return sid !== null && live.session.sid === sid && byAge(live, opened) < 0
}

function byAge(one: LiveSession, other: LiveSession): number {
  if (one.key === other.key) return 0
  return one.session.createdAt - other.session.createdAt || (one.key < other.key ? -1 : 1)
}
