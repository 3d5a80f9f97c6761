// What names a session: the id only the browser knows, and the hashes under which the store knows it.
import { createSecret, hashSecret } from '../kernel/secrets.ts'
import type { Session } from './session.ts'
import type { SessionIndexes } from './session-store.ts'

const SESSION_ID_BYTES = 32
const HANDLE_BYTES = 16

/** 256 random bits, base64url: 43 characters. */
export function createSessionId(): string {
  return createSecret(SESSION_ID_BYTES)
}

/** The public handle: known to others, opens nothing. On a command line it must not look like an option. */
export function createHandle(): string {
  const handle = createSecret(HANDLE_BYTES)
  return handle.startsWith('-') ? createHandle() : handle
}

/** The record's key: whoever reads the store cannot make a cookie of it. */
export function sessionKey(sessionId: string): string {
  return hashSecret(sessionId)
}

export function sessionIndexes(session: Pick<Session, 'handle' | 'issuer' | 'subject' | 'sid'>): SessionIndexes {
  return {
    handle: handleIndex(session.handle),
    subject: subjectIndex(session.issuer, session.subject),
    sid: session.sid === null ? null : sidIndex(session.issuer, session.sid),
  }
}

export function handleIndex(handle: string): string {
  return hashSecret(handle)
}

export function subjectIndex(issuer: string, subject: string): string {
  return hashSecret(JSON.stringify([issuer, subject]))
}

export function sidIndex(issuer: string, sid: string): string {
  return hashSecret(JSON.stringify([issuer, sid]))
}
