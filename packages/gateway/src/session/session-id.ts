// What names a session: the id only the browser knows, and the hashes under which the store knows it.
import { createHash, randomBytes } from 'node:crypto'
import type { Session } from './session.ts'
import type { SessionIndexes } from './session-store.ts'

const SESSION_ID_BYTES = 32
const HANDLE_BYTES = 16

/** 256 random bits, base64url: 43 characters. */
export function createSessionId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url')
}

/** The public handle: known to others, opens nothing. */
export function createHandle(): string {
  return randomBytes(HANDLE_BYTES).toString('base64url')
}

/** The record's key: whoever reads the store cannot make a cookie of it. */
export function sessionKey(sessionId: string): string {
  return hash(sessionId)
}

export function sessionIndexes(session: Pick<Session, 'handle' | 'issuer' | 'subject' | 'sid'>): SessionIndexes {
  return {
    handle: hash(session.handle),
    subject: subjectIndex(session.issuer, session.subject),
    sid: session.sid === null ? null : sidIndex(session.issuer, session.sid),
  }
}

export function subjectIndex(issuer: string, subject: string): string {
  return hash(JSON.stringify([issuer, subject]))
}

export function sidIndex(issuer: string, sid: string): string {
  return hash(JSON.stringify([issuer, sid]))
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
