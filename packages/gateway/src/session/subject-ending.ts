// The word of a realm that all sessions of a person have ended, kept for those that are being made at this very moment:
// a login that the realm had confirmed before must not survive, a later one must. Each ending is a tombstone named after
// its second, beside one that says whether there are any.
import { hashSecret } from '../kernel/secrets.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionStore } from './session-store.ts'

export interface Subject {
  /** The realm's local name. */
  readonly realm: string
  readonly issuer: string
  readonly subject: string
}

/** How far the realm's clock may be ahead of the store's. */
const AHEAD_SECONDS = 60

/** `at`: by the realm's clock. Kept for `seconds`. Put before the sessions are looked for. */
export async function putSubjectEnding(
  person: Subject,
  at: EpochSeconds,
  seconds: number,
  store: Pick<SessionStore, 'now' | 'putTombstone'>,
): Promise<void> {
  const expiresAt = store.now() + seconds
  // In the opposite order somebody could see that there are some, and not this one.
  await store.putTombstone(nameOf(person, Math.floor(at)), expiresAt)
  await store.putTombstone(nameOf(person, null), expiresAt)
}

/** Whether it is over what the realm confirmed then, by its own clock. Asked after the session has been written. */
export async function hasSubjectEnded(
  person: Subject,
  confirmedAt: EpochSeconds,
  store: Pick<SessionStore, 'now' | 'hasTombstone'>,
): Promise<boolean> {
  if (!(await store.hasTombstone(nameOf(person, null)))) return false
  const first = Math.floor(confirmedAt)
  const count = Math.floor(store.now()) + AHEAD_SECONDS - first + 1
  const seconds = Array.from({ length: Math.max(0, count) }, (_, index) => first + index)
  const found = await Promise.all(seconds.map((second) => store.hasTombstone(nameOf(person, second))))
  return found.some(Boolean)
}

function nameOf({ realm, issuer, subject }: Subject, second: number | null): string {
  return hashSecret(JSON.stringify(['subject-ended', realm, issuer, subject, second]))
}
