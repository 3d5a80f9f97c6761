// Every statement of the embedded store, prepared once. Columns are always named, so that a newer schema may add some.
import type { DatabaseSync } from 'node:sqlite'

// Every expiring thing counts as absent from its last instant on, swept or not.
export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql)
  return {
    createSession: prepare(`
      INSERT INTO session (key, version, sealed, handle, subject, sid, last_used_at, expires_at)
      VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`),
    readSession: prepare(`
      SELECT key, version, sealed, handle, subject, sid, last_used_at, expires_at FROM session WHERE key = ?`),
    readVersion: prepare('SELECT version, sid FROM session WHERE key = ?'),
    replaceSession: prepare(`
      UPDATE session SET version = version + 1, sealed = ?, handle = ?, subject = ?, sid = ?, expires_at = ?
      WHERE key = ?`),
    deleteSession: prepare('DELETE FROM session WHERE key = ?'),
    touchSession: prepare('UPDATE session SET last_used_at = ? WHERE key = ? AND last_used_at < ?'),
    find: {
      handle: prepare('SELECT key FROM session WHERE handle = ?'),
      subject: prepare('SELECT key FROM session WHERE subject = ?'),
      sid: prepare('SELECT key FROM session WHERE sid = ?'),
    },
    list: prepare('SELECT key FROM session WHERE key > ? ORDER BY key LIMIT ?'),
    countSealedBy: prepare(`
      SELECT (SELECT count(*) FROM session WHERE substr(sealed, 2, 8) = :id)
        + (SELECT count(*) FROM document WHERE substr(sealed, 2, 8) = :id) AS records`),

    readClaim: prepare('SELECT settled FROM claim WHERE name = ? AND expires_at > ?'),
    putClaim: prepare('INSERT OR REPLACE INTO claim (name, settled, expires_at) VALUES (?, 0, ?)'),
    settleClaim: prepare('UPDATE claim SET settled = 1 WHERE name = ?'),

    readTombstone: prepare('SELECT 1 FROM tombstone WHERE sid = ? AND expires_at > ?'),
    putTombstone: prepare(`
      INSERT INTO tombstone (sid, expires_at) VALUES (?, ?)
      ON CONFLICT (sid) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`),

    acquireLease: prepare(`
      INSERT INTO lease (name, owner, expires_at) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
      WHERE owner = excluded.owner OR expires_at <= ?`),
    renewLease: prepare('UPDATE lease SET expires_at = ? WHERE name = ? AND owner = ? AND expires_at > ?'),
    releaseLease: prepare('DELETE FROM lease WHERE name = ? AND owner = ?'),

    readDocument: prepare('SELECT version, sealed FROM document WHERE name = ?'),
    createDocument: prepare(`
      INSERT INTO document (name, version, sealed) VALUES (?, 1, ?) ON CONFLICT (name) DO NOTHING`),
    replaceDocument: prepare('UPDATE document SET version = version + 1, sealed = ? WHERE name = ? AND version = ?'),

    expiredSessions: prepare('SELECT key FROM session WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    sweepOthers: [
      prepare('DELETE FROM claim WHERE name IN (SELECT name FROM claim WHERE expires_at <= ? LIMIT ?)'),
      prepare('DELETE FROM tombstone WHERE sid IN (SELECT sid FROM tombstone WHERE expires_at <= ? LIMIT ?)'),
      prepare('DELETE FROM lease WHERE name IN (SELECT name FROM lease WHERE expires_at <= ? LIMIT ?)'),
    ],
  } as const
}

export type Statements = ReturnType<typeof prepareStatements>
