// What a session store keeps and promises. Values are sealed before they come here; a store sees bytes, times and hashes.
import type { SessionEnd } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'

/** Hashes under which a session is found again. */
export interface SessionIndexes {
  /** The public handle. */
  readonly handle: string
  /** Of (issuer, sub). */
  readonly subject: string
  /** Of (issuer, sid); null when the realm named none. */
  readonly sid: string | null
}

export type SessionIndex = keyof SessionIndexes

export interface NewSessionRecord {
  /** SHA-256 of the session id, base64url. */
  readonly key: string
  readonly sealed: Buffer
  readonly indexes: SessionIndexes
  readonly lastUsedAt: EpochSeconds
  /** When a sweep may remove the record, whatever its use. */
  readonly expiresAt: EpochSeconds
}

export interface SessionRecord extends NewSessionRecord {
  /** 1 when created; each replacement adds one. Touching does not. */
  readonly version: number
}

/**
 * `replaced`: written, with a new version. `conflict`: somebody else wrote first. `gone`: the record has been deleted.
 * `tombstoned`: the realm's session has ended meanwhile; nothing was written.
 */
export type ReplaceOutcome = 'replaced' | 'conflict' | 'gone' | 'tombstoned'

/** `claimed`: it is yours. `pending`: another one works on it. `settled`: another one has finished. */
export type ClaimOutcome = 'claimed' | 'pending' | 'settled'

/** What any process has done to records, this one included. */
export type StoreChange =
  /** Replaced, or removed by a sweep. */
  | { readonly kind: 'sessions'; readonly keys: readonly string[] }
  /** Deleted, because the session has ended. */
  | { readonly kind: 'ended'; readonly key: string; readonly by: SessionEnd }
  /** The store cannot tell which: everything that is held may be old. */
  | { readonly kind: 'all' }

/** Some of the keys of all sessions; `next` goes on from there, and is null at the end. */
export interface KeyPage {
  readonly keys: readonly string[]
  readonly next: string | null
}

/** Written as a whole; never expires. */
export interface StoredDocument {
  readonly sealed: Buffer
  /** 1 when created; each write adds one. */
  readonly version: number
}

/**
 * The port every store implements. All methods reject with `ERR_STORE_UNAVAILABLE` when the store cannot be asked.
 * Nothing blocks the event loop while it waits. Expired claims, tombstones and leases count as absent.
 */
export interface SessionStore {
  /** The store's clock. Instants in records, claims, tombstones and leases are read from it alone. */
  now(): EpochSeconds
  /** Since when the store, or its word about changes, is out of reach; null while all is well. Costs nothing to ask. */
  unreachableSince(): EpochSeconds | null

  /** `false` when the key exists already or its (issuer, sid) has a tombstone; nothing is written then. */
  create(record: NewSessionRecord): Promise<boolean>
  read(key: string): Promise<SessionRecord | undefined>
  /** Compare-and-set by version. Never creates a record. `lastUsedAt` stays the store's. */
  replace(
    key: string,
    expectedVersion: number,
    next: Pick<NewSessionRecord, 'sealed' | 'indexes' | 'expiresAt'>,
  ): Promise<ReplaceOutcome>
  /** `false` when there was none. `by` is told to every process. */
  delete(key: string, by: SessionEnd): Promise<boolean>
  /** Moves the last use forward, never back; does nothing when the record is gone. No new version, no change event. */
  touch(key: string, lastUsedAt: EpochSeconds): Promise<void>
  /** Keys of the sessions under an index. */
  find(index: SessionIndex, value: string): Promise<readonly string[]>
  /** Pages of about `limit` keys of all sessions, in no order; a key that comes and goes meanwhile may be left out. */
  list(after: string | null, limit: number): Promise<KeyPage>

  /** Put if absent, until `expiresAt`. */
  claim(name: string, expiresAt: EpochSeconds): Promise<ClaimOutcome>
  /** Marks a claim as finished, for those who wait. */
  settleClaim(name: string): Promise<void>

  /**
   * Says that a realm's session has ended: no record under this (issuer, sid) hash is created or replaced from now on.
   * What was being written at this very moment is found by `find` afterwards, or is not there.
   */
  putTombstone(sid: string, expiresAt: EpochSeconds): Promise<void>
  hasTombstone(sid: string): Promise<boolean>

  /** `true` when the lease is now the owner's: it was free, had ended, or was the owner's before. */
  acquireLease(name: string, owner: string, seconds: number): Promise<boolean>
  /** `false` when the lease has ended or is another owner's. */
  renewLease(name: string, owner: string, seconds: number): Promise<boolean>
  /** Gives the lease up if it is still the owner's. */
  releaseLease(name: string, owner: string): Promise<void>

  /** A small sealed document of the gateway's own, such as the signing keys; undefined when there is none. */
  readDocument(name: string): Promise<StoredDocument | undefined>
  /** Compare-and-set; `expectedVersion` 0 creates it. `false` when somebody else wrote first; nothing is written then. */
  writeDocument(name: string, sealed: Buffer, expectedVersion: number): Promise<boolean>

  /** Changes of this process are told before its own call resolves. Returns the function that ends the subscription. */
  onChange(listener: (change: StoreChange) => void): () => void

  /** How many sessions, expired ones included, and documents are sealed by a key of the ring. */
  countSealedBy(keyId: string): Promise<number>

  /** Removes what has expired, at most `limit` records of each kind; returns how many went. 0 where that needs no help. */
  sweep(limit: number): Promise<number>
  /** Resolves when the store answers; rejects with `ERR_STORE_UNAVAILABLE` otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}
