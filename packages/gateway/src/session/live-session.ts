import type { EpochSeconds } from '../kernel/time.ts'
import type { Session } from './session.ts'

/** A session as a replica holds it in memory. Replaced as a whole when the record changes. */
export interface LiveSession {
  /** SHA-256 of the session id, base64url: the record's key. */
  readonly key: string
  readonly version: number
  readonly session: Session
  /** `Bearer ` and the access token, made once. */
  readonly authorization: string
  /** The last use this replica knows of. */
  lastUsedAt: EpochSeconds
  /** The last use that the store knows of. */
  writtenUseAt: EpochSeconds
}
