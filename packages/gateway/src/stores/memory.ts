// Sessions in the memory of one process: for trying things out and for tests. Nothing outlives the process.
import { GatewayError } from '../kernel/errors.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import type { SessionRecord, SessionStore, StoreChange, StoredDocument } from '../session/session-store.ts'

interface Expiring {
  readonly expiresAt: EpochSeconds
}
interface Claim extends Expiring {
  readonly settled: boolean
}
interface Lease extends Expiring {
  readonly owner: string
}

export interface MemoryStoreOptions {
  readonly clock: Clock
}

export function createMemoryStore({ clock }: MemoryStoreOptions): SessionStore {
  const records = new Map<string, SessionRecord>()
  const claims = new Map<string, Claim>()
  const tombstones = new Map<string, Expiring>()
  const leases = new Map<string, Lease>()
  const documents = new Map<string, StoredDocument>()
  const listeners = new Set<(change: StoreChange) => void>()
  let closed = false

  function refuseWhenClosed(): void {
    if (closed) throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'closed' })
  }

  function live<T extends Expiring>(entries: Map<string, T>, name: string): T | undefined {
    refuseWhenClosed()
    const entry = entries.get(name)
    return entry !== undefined && entry.expiresAt > clock() ? entry : undefined
  }

  function isEnded(sid: string | null): boolean {
    return sid !== null && live(tombstones, sid) !== undefined
  }

  function holds(name: string, owner: string): boolean {
    return live(leases, name)?.owner === owner
  }

  function tell(change: StoreChange): void {
    for (const listener of listeners) listener(change)
  }

  function sweepExpired(entries: Map<string, Expiring>, limit: number): readonly string[] {
    const names: string[] = []
    for (const [name, entry] of entries) {
      if (names.length === limit) break
      if (entry.expiresAt <= clock()) names.push(name)
    }
    for (const name of names) entries.delete(name)
    return names
  }

  return {
    now: clock,
    unreachableSince: () => null,
    async create(record) {
      refuseWhenClosed()
      if (records.has(record.key) || isEnded(record.indexes.sid)) return false
      records.set(record.key, { ...record, version: 1 })
      return true
    },
    async read(key) {
      refuseWhenClosed()
      return records.get(key)
    },
    async replace(key, expectedVersion, next) {
      refuseWhenClosed()
      const record = records.get(key)
      if (record === undefined) return 'gone'
      if (isEnded(record.indexes.sid) || isEnded(next.indexes.sid)) return 'tombstoned'
      if (record.version !== expectedVersion) return 'conflict'
      const { sealed, indexes, expiresAt } = next
      records.set(key, { ...record, sealed, indexes, expiresAt, version: expectedVersion + 1 })
      tell({ kind: 'sessions', keys: [key] })
      return 'replaced'
    },
    async delete(key, by) {
      refuseWhenClosed()
      if (!records.delete(key)) return false
      tell({ kind: 'ended', key, by })
      return true
    },
    async touch(key, lastUsedAt) {
      refuseWhenClosed()
      const record = records.get(key)
      if (record !== undefined && record.lastUsedAt < lastUsedAt) records.set(key, { ...record, lastUsedAt })
    },
    async find(index, value) {
      refuseWhenClosed()
      const found = records.values().filter((record) => record.indexes[index] === value)
      return found.map((record) => record.key).toArray()
    },
    async list(after, limit) {
      refuseWhenClosed()
      const rest = [...records.keys()].toSorted().filter((key) => after === null || key > after)
      const keys = rest.slice(0, limit)
      return { keys, next: rest.length > limit ? (keys.at(-1) ?? null) : null }
    },
    async claim(name, expiresAt) {
      const claim = live(claims, name)
      if (claim !== undefined) return claim.settled ? 'settled' : 'pending'
      claims.set(name, { expiresAt, settled: false })
      return 'claimed'
    },
    async settleClaim(name) {
      const claim = live(claims, name)
      if (claim !== undefined) claims.set(name, { ...claim, settled: true })
    },
    async putTombstone(sid, expiresAt) {
      const tombstone = live(tombstones, sid)
      if (tombstone === undefined || tombstone.expiresAt < expiresAt) tombstones.set(sid, { expiresAt })
    },
    async hasTombstone(sid) {
      refuseWhenClosed()
      return isEnded(sid)
    },
    async acquireLease(name, owner, seconds) {
      if (live(leases, name) !== undefined && !holds(name, owner)) return false
      leases.set(name, { owner, expiresAt: clock() + seconds })
      return true
    },
    async renewLease(name, owner, seconds) {
      if (!holds(name, owner)) return false
      leases.set(name, { owner, expiresAt: clock() + seconds })
      return true
    },
    async releaseLease(name, owner) {
      if (holds(name, owner)) leases.delete(name)
    },
    async readDocument(name) {
      refuseWhenClosed()
      return documents.get(name)
    },
    async writeDocument(name, sealed, expectedVersion) {
      refuseWhenClosed()
      if ((documents.get(name)?.version ?? 0) !== expectedVersion) return false
      documents.set(name, { sealed, version: expectedVersion + 1 })
      return true
    },
    async countSealedBy(keyId) {
      refuseWhenClosed()
      const sealed = [...records.values(), ...documents.values()]
      return sealed.filter((record) => record.sealed.toString('hex', 1, 9) === keyId).length
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async sweep(limit) {
      refuseWhenClosed()
      const keys = sweepExpired(records, limit)
      if (keys.length > 0) tell({ kind: 'sessions', keys })
      const others = [claims, tombstones, leases].map((entries) => sweepExpired(entries, limit).length)
      return others.reduce((sum, count) => sum + count, keys.length)
    },
    async ping() {
      refuseWhenClosed()
    },
    async close() {
      closed = true
      listeners.clear()
    },
  }
}
