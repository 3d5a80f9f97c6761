// Ends the sessions that a verified logout token means: those of the realm's session, or all of the person's.
import type { SessionEnd } from '../kernel/events.ts'
import type { LogoutToken } from '../realm/logout-token.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import { sidIndex, subjectIndex } from '../session/session-id.ts'
import type { SessionIndex, SessionStore } from '../session/session-store.ts'
import { putSubjectEnding } from '../session/subject-ending.ts'

export interface EndByRealmOptions {
  readonly store: Pick<SessionStore, 'now' | 'claim' | 'settleClaim' | 'putTombstone' | 'find' | 'delete'>
  readonly sessions: Pick<SessionLifecycle, 'findAll' | 'end' | 'usedWithin' | 'endLater'>
  /** Tells what is open on this replica, where the store cannot. */
  readonly tellEnded: (key: string, by: SessionEnd) => void
}

const BECAUSE = 'the realm said so'

/** Longer than a realm lets a code wait, and than a refresh may take. */
const TOMBSTONE_SECONDS = 300

/**
 * Tombstone first: what is being logged in or refreshed meanwhile is refused, or found. Rejects with
 * `ERR_STORE_UNAVAILABLE`; it may then be done once more.
 */
export async function endByRealm(
  realm: string,
  token: LogoutToken,
  options: EndByRealmOptions,
): Promise<readonly Session[]> {
  const { issuer, sid, subject } = token
  if (sid !== null) return endRealmSession(realm, token, sidIndex(issuer, sid), options)
  if (subject === null) return []
  await putSubjectEnding({ realm, issuer, subject }, token.issuedAt, TOMBSTONE_SECONDS, options.store)
  return endAll(realm, 'subject', subjectIndex(issuer, subject), options)
}

async function endRealmSession(
  realm: string,
  token: LogoutToken,
  sid: string,
  options: EndByRealmOptions,
): Promise<readonly Session[]> {
  const { store } = options
  if (await isOthers(token, sid, options)) return []
  await store.putTombstone(sid, store.now() + TOMBSTONE_SECONDS)
  return endAll(realm, 'sid', sid, options)
}

/** Section 2.6: a `sid` of somebody else ends nothing. */
async function isOthers({ issuer, subject }: LogoutToken, sid: string, { store }: EndByRealmOptions): Promise<boolean> {
  if (subject === null) return false
  const [ofSid, own] = await Promise.all([store.find('sid', sid), store.find('subject', subjectIndex(issuer, subject))])
  return ofSid.some((key) => !own.includes(key))
}

async function endAll(
  realm: string,
  index: SessionIndex,
  value: string,
  { store, sessions }: EndByRealmOptions,
): Promise<readonly Session[]> {
  const keys = await store.find(index, value)
  const found = await sessions.findAll(index, value)
  const meant = found.filter(({ session }) => session.realm === realm)
  const ended = await Promise.all(meant.map((live) => sessions.end(live, 'back-channel', BECAUSE)))
  // Records that cannot be opened now must not be found again once their key is back.
  const opened = new Set(found.map(({ key }) => key))
  await Promise.all(keys.filter((key) => !opened.has(key)).map((key) => store.delete(key, 'back-channel')))
  return meant.flatMap(({ session }, at) => (ended[at] === true ? [session] : []))
}

/** Without the store, by what this process remembers: it serves them no more. Those of others wait for the store. */
export function endHeldByRealm(realm: string, token: LogoutToken, { sessions, tellEnded }: EndByRealmOptions): void {
  const meant = [...sessions.usedWithin(Number.POSITIVE_INFINITY)].filter((live) => isMeant(live, realm, token))
  for (const live of meant) {
    if (sessions.endLater(live, 'back-channel', BECAUSE)) tellEnded(live.key, 'back-channel')
  }
}

function isMeant({ session }: LiveSession, realm: string, { issuer, sid, subject }: LogoutToken): boolean {
  if (session.realm !== realm || session.issuer !== issuer) return false
  return (sid === null || session.sid === sid) && (subject === null || session.subject === subject)
}
