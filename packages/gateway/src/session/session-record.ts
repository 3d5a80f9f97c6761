// A session as the store keeps it: JSON, sealed under the record's key. No I/O and no clock.
import { GatewayError } from '../kernel/errors.ts'
import type { Sealer } from '../kernel/seal.ts'
import { realmEndAt, SESSION_FORMAT, type Session } from './session.ts'
import { sessionIndexes } from './session-id.ts'
import type { NewSessionRecord, SessionRecord } from './session-store.ts'

const ABSENT_FIELDS = {
  accessClaims: {},
  secondLogins: {},
  device: { userAgent: null, address: null },
  lost: null,
  healedAt: null,
}

export type SealedSession = Pick<NewSessionRecord, 'sealed' | 'indexes' | 'expiresAt'>

export function sealSession(session: Session, key: string, sealer: Sealer): SealedSession {
  return {
    sealed: sealer.seal(Buffer.from(JSON.stringify(session)), key),
    indexes: sessionIndexes(session),
    expiresAt: Math.min(session.absoluteEndAt, realmEndAt(session.tokens)),
  }
}

/**
 * Null when the record was not written by us or is of a format nobody reads any more.
 * Throws `ERR_SESSION_UNREADABLE` when its key is missing from the ring: that is the operator's mistake, not a logout.
 */
export function openSession(record: SessionRecord, sealer: Sealer): Session | null {
  const opened = sealer.open(record.sealed, record.key)
  if (opened.kind === 'unknown-key') throw new GatewayError('ERR_SESSION_UNREADABLE', { reason: 'sealing key unknown' })
  if (opened.kind === 'forged') return null
  const session = JSON.parse(opened.plaintext.toString()) as Session
  // Records from before these fields existed must not log anybody out.
  return session.format === SESSION_FORMAT ? { ...ABSENT_FIELDS, ...session } : null
}
