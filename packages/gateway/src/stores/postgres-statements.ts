// Every statement of the store in PostgreSQL. Each is a transaction by itself and may run twice, when its answer was
// lost with the connection: where that matters, the column `write` tells a repetition from somebody else's write.
import { quoteName } from './postgres-schema.ts'
import type { Statement } from './postgres-wire.ts'

/** A poller looks at the newest changes again: they may be written in another order than they were numbered. */
const OVERLAP_SECONDS = 5
const CHANGES_KEPT_SECONDS = 600
/** Counters end by the clocks of those who count. */
const COUNTERS_KEPT_SECONDS = 3600
const NOW = 'extract(epoch FROM clock_timestamp())'

// Every expiring thing counts as absent from its last instant on, swept or not. Columns are always named, so that a newer
// schema may add some.
export function buildStatements(schemaName: string) {
  const schema = quoteName(schemaName)
  const at = (table: string) => `${schema}.${table}`
  const find = (index: 'handle' | 'subject' | 'sid') => `SELECT key FROM ${at('session')} WHERE ${index} = $1`
  const sweep = (table: string, key: string, condition: string) =>
    `DELETE FROM ${at(table)} WHERE ${key} IN (
      SELECT ${key} FROM ${at(table)} WHERE ${condition} LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1`
  const count = (name: string) => `(SELECT count(*) FROM ${name})`
  return nameAll({
    /** key, write, sealed, handle, subject, sid, last use, end, now */
    createSession: `
      WITH created AS (
        INSERT INTO ${at('session')} (key, version, write, sealed, handle, subject, sid, last_used_at, expires_at)
        SELECT $1::text, 1, $2::text, $3::bytea, $4::text, $5::text, $6::text, $7::float8, $8::float8
        WHERE NOT EXISTS (SELECT FROM ${at('tombstone')} WHERE sid = $6 AND expires_at > $9::float8)
        ON CONFLICT (key) DO NOTHING RETURNING key)
      SELECT EXISTS (SELECT FROM created)
        OR EXISTS (SELECT FROM ${at('session')} WHERE key = $1 AND write = $2) AS done`,
    readSession: `
      SELECT key, version, sealed, handle, subject, sid, last_used_at, expires_at
      FROM ${at('session')} WHERE key = $1`,
    /** key, version, write, sealed, handle, subject, sid, end, now, channel, message, whether it may move to this sid */
    replaceSession: `
      WITH found AS (SELECT version, write, sid FROM ${at('session')} WHERE key = $1),
      ended AS (
        SELECT FROM ${at('tombstone')} WHERE sid IN ($7::text, (SELECT sid FROM found)) AND expires_at > $9::float8),
      written AS (
        UPDATE ${at('session')} SET version = version + 1, write = $3, sealed = $4, handle = $5, subject = $6, sid = $7,
          expires_at = $8
        WHERE key = $1 AND version = $2 AND NOT EXISTS (SELECT FROM ended)
          AND ($12::boolean OR sid IS NOT DISTINCT FROM $7)
        RETURNING key),
      told AS (
        INSERT INTO ${at('change')} (key, origin) SELECT key, $3 FROM written
        RETURNING pg_notify($10::text, $11::text))
      SELECT CASE
        WHEN EXISTS (SELECT FROM written) THEN 'replaced'
        WHEN NOT EXISTS (SELECT FROM found) THEN 'gone'
        WHEN EXISTS (SELECT FROM ended) THEN 'tombstoned'
        WHEN (SELECT write FROM found) = $3 THEN 'replaced'
        WHEN (SELECT version = $2 AND sid IS DISTINCT FROM $7 FROM found) AND NOT $12::boolean THEN 'moves'
        ELSE 'conflict' END AS outcome`,
    /** key, write, how it ended, channel, message */
    deleteSession: `
      WITH gone AS (DELETE FROM ${at('session')} WHERE key = $1 RETURNING key)
      INSERT INTO ${at('change')} (key, origin, ended) SELECT key, $2::text, $3::text FROM gone
      RETURNING pg_notify($4::text, $5::text)`,
    touchSession: `UPDATE ${at('session')} SET last_used_at = $2 WHERE key = $1 AND last_used_at < $2`,
    findByHandle: find('handle'),
    findBySubject: find('subject'),
    findBySid: find('sid'),
    list: `SELECT key FROM ${at('session')} WHERE key > $1 ORDER BY key LIMIT $2`,
    countSealedBy: `
      SELECT (SELECT count(*) FROM ${at('session')} WHERE substr(sealed, 2, 8) = $1)
        + (SELECT count(*) FROM ${at('document')} WHERE substr(sealed, 2, 8) = $1) AS records`,

    /** name, write, end, now */
    claim: `
      WITH claimed AS (
        INSERT INTO ${at('claim')} AS known (name, write, settled, expires_at) VALUES ($1, $2, false, $3)
        ON CONFLICT (name) DO UPDATE SET write = excluded.write, settled = false, expires_at = excluded.expires_at
        WHERE known.expires_at <= $4 RETURNING name),
      found AS (SELECT write, settled FROM ${at('claim')} WHERE name = $1)
      SELECT CASE
        WHEN EXISTS (SELECT FROM claimed) THEN 'claimed'
        WHEN (SELECT settled FROM found) THEN 'settled'
        WHEN (SELECT write FROM found) = $2 THEN 'claimed'
        ELSE 'pending' END AS outcome`,
    settleClaim: `UPDATE ${at('claim')} SET settled = true WHERE name = $1`,

    /** sid, now */
    hasTombstone: `SELECT FROM ${at('tombstone')} WHERE sid = $1 AND expires_at > $2`,
    /** Whoever creates a session under the sid, or moves one there, has the lock first, or finds the tombstone. */
    sharedLock: 'SELECT pg_advisory_xact_lock_shared($1::bigint)',
    /** sid, end, lock */
    putTombstone: `
      WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($3::bigint))
      INSERT INTO ${at('tombstone')} AS known (sid, expires_at) SELECT $1::text, $2::float8 FROM locked
      ON CONFLICT (sid) DO UPDATE SET expires_at = greatest(known.expires_at, excluded.expires_at)`,

    /** name, owner, end, now */
    acquireLease: `
      INSERT INTO ${at('lease')} AS held (name, owner, expires_at) VALUES ($1, $2, $3)
      ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
      WHERE held.owner = excluded.owner OR held.expires_at <= $4`,
    /** name, owner, end, now */
    renewLease: `
      UPDATE ${at('lease')} SET expires_at = $3 WHERE name = $1 AND owner = $2 AND expires_at > $4`,
    releaseLease: `DELETE FROM ${at('lease')} WHERE name = $1 AND owner = $2`,

    readDocument: `SELECT version, sealed FROM ${at('document')} WHERE name = $1`,
    /** name, write, sealed, expected version */
    writeDocument: `
      WITH created AS (
        INSERT INTO ${at('document')} (name, version, write, sealed)
        SELECT $1::text, 1, $2::text, $3::bytea WHERE $4::integer = 0
        ON CONFLICT (name) DO NOTHING RETURNING name),
      replaced AS (
        UPDATE ${at('document')} SET version = version + 1, write = $2, sealed = $3
        WHERE name = $1 AND version = $4 RETURNING name)
      SELECT EXISTS (SELECT FROM created) OR EXISTS (SELECT FROM replaced)
        OR EXISTS (SELECT FROM ${at('document')} WHERE name = $1 AND write = $2) AS done`,

    /** now, limit, write, channel, message without its key */
    sweepSessions: `
      WITH gone AS (
        DELETE FROM ${at('session')} WHERE key IN (
          SELECT key FROM ${at('session')} WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
          FOR UPDATE SKIP LOCKED)
        RETURNING key),
      told AS (
        INSERT INTO ${at('change')} (key, origin) SELECT key, $3::text FROM gone
        RETURNING pg_notify($4::text, $5::text || key))
      SELECT key FROM gone`,
    /** now, limit */
    sweepOthers: `
      WITH claims AS (${sweep('claim', 'name', 'expires_at <= $1')}),
      tombstones AS (${sweep('tombstone', 'sid', 'expires_at <= $1')}),
      leases AS (${sweep('lease', 'name', 'expires_at <= $1')}),
      changes AS (${sweep('change', 'seq', `at <= ${NOW} - ${CHANGES_KEPT_SECONDS}`)}),
      counters AS (${sweep('counter', 'key', `expire <= (${NOW} - ${COUNTERS_KEPT_SECONDS}) * 1000`)})
      SELECT ${['claims', 'tombstones', 'leases', 'changes', 'counters'].map(count).join(' + ')} AS swept`,

    /** The newest number behind which nothing can come any more: -1 when there is none. */
    newestSettled: `
      SELECT coalesce(max(seq), -1) AS seq FROM ${at('change')} WHERE at <= ${NOW} - ${OVERLAP_SECONDS}`,
    changesSince: `
      SELECT seq, key, origin, ended, at <= ${NOW} - ${OVERLAP_SECONDS} AS is_settled
      FROM ${at('change')} WHERE seq > $1 ORDER BY seq`,
    notify: 'SELECT pg_notify($1, $2)',
    status: `
      SELECT ${NOW}::float8 AS now, (SELECT value FROM ${at('meta')} WHERE name = 'min_reader_version') AS reader`,
  })
}

export type Statements = ReturnType<typeof buildStatements>

function nameAll<Name extends string>(texts: Readonly<Record<Name, string>>): Readonly<Record<Name, Statement>> {
  const entries = Object.entries<string>(texts).map(([name, text]) => [name, { name: `doorman-${name}`, text }])
  return Object.fromEntries(entries) as Record<Name, Statement>
}
