// The rings that seal records, and what an operator does with one in a file. Its secrets leave it only as a `KeyRing`.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { GatewayError, systemCode } from '../kernel/errors.ts'
import type { KeyRing } from '../kernel/seal.ts'
import type { Clock } from '../kernel/time.ts'
import { buildKeyLine, type DatedKey, parseKeyRing, removeKeyLine } from './key-ring-text.ts'
import { createPrivateFile, preparePrivateFolder, publishDraft, refuseOthersMode, syncFolder } from './private-files.ts'

const LOOK_AGAIN_SECONDS = 1
/** A login in progress is sealed for ten minutes, and every gateway must have seen the newer key. */
const RETIRE_AFTER_SECONDS = 600
const RING_HEADER = '# The sealing keys of Doorman, oldest first. Whoever has them and the store has every session.\n'

/** A key as an operator may see it. */
export interface SealingKey {
  readonly id: string
  readonly createdAt: string | null
  /** The newest key seals; all of them open. */
  readonly newest: boolean
}

/**
 * `unknown`: no such key. `newest`: it seals; rotate first. `recent`: the key after it is younger than ten minutes.
 * `in-use`: so many records are still sealed by it.
 */
export type RetireOutcome =
  | { readonly kind: 'retired' | 'unknown' | 'newest' | 'recent' }
  | { readonly kind: 'in-use'; readonly records: number }

/** A ring from the environment or from secret files, oldest first; it stays as it is. Throws `ERR_CONFIG_INVALID`. */
export function createTextKeyRing(texts: readonly string[]): KeyRing {
  const keys = parseKeyRing(texts.join('\n'))
  return { keys: () => keys, reload() {} }
}

/** Several rings as one: the last key of the last ring seals. */
export function joinKeyRings(rings: readonly KeyRing[]): KeyRing {
  return {
    keys: () => rings.flatMap((ring) => ring.keys()),
    reload() {
      for (const ring of rings) ring.reload()
    },
  }
}

export interface FileKeyRingOptions {
  readonly path: string
  /** Makes the folder and a ring of one key when there is none. */
  readonly createWhenAbsent: boolean
  readonly clock: Clock
}

/**
 * A ring in a file, which other processes may change: looked at every second while in use, and at once for an unknown
 * key. A ring that cannot be read any more leaves the last good one in place.
 *
 * Throws `ERR_STORE_REFUSED` when others may read the file, `ERR_CONFIG_INVALID` when it makes no sense or is absent.
 */
export function createFileKeyRing(options: FileKeyRingOptions): KeyRing {
  const { path, clock } = options
  if (options.createWhenAbsent) createRingFile(path, clock)
  let seen = fileStamp(path)
  let keys = loadKeyRing(path)
  let lookedAt = clock()

  function reload(): void {
    lookedAt = clock()
    try {
      // Anybody can name an unknown key in a forged cookie: only a changed file is worth reading.
      const stamp = fileStamp(path)
      if (stamp === seen) return
      seen = stamp
      keys = loadKeyRing(path)
    } catch {
      // The last good ring still opens every record that it opened before.
    }
  }

  return {
    keys() {
      if (Math.abs(clock() - lookedAt) >= LOOK_AGAIN_SECONDS) reload()
      return keys
    },
    reload,
  }
}

function createRingFile(path: string, clock: Clock): void {
  preparePrivateFolder(dirname(path))
  if (existsSync(path)) return
  const draft = `${path}.${randomUUID()}`
  try {
    createPrivateFile(draft, RING_HEADER + buildKeyLine(clock()).line)
    publishDraft(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

function fileStamp(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
}

function loadKeyRing(path: string): readonly DatedKey[] {
  return parseKeyRing(readRingFile(path))
}

function readRingFile(path: string): string {
  try {
    refuseOthersMode(path)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    throw new GatewayError('ERR_CONFIG_INVALID', { reason: 'key-ring-absent', path })
  }
}

/** The keys of a ring file, oldest first, without their secrets. Throws as `createFileKeyRing`. */
export function listSealingKeys(path: string): readonly SealingKey[] {
  return loadKeyRing(path).map(({ id, createdAt }, index, keys) => ({
    id,
    createdAt,
    newest: index === keys.length - 1,
  }))
}

/** Adds a newest key and returns its id. Records move to it when they are next written. Throws as `createFileKeyRing`. */
export function rotateSealingKey(path: string, clock: Clock): string {
  const { id, line } = buildKeyLine(clock())
  changeRingFile(path, (text) => `${text.trimEnd()}\n${line}`)
  return id
}

export interface RetireRequest {
  readonly id: string
  readonly clock: Clock
  /** Ends what is still sealed by the key. */
  readonly force: boolean
  /** How many records of the store are sealed by the key. */
  countSealedBy(id: string): Promise<number>
}

/** Removes a key that nothing needs any more; with `force` also one that something needs, but never the newest. */
export async function retireSealingKey(path: string, request: RetireRequest): Promise<RetireOutcome> {
  const keys = loadKeyRing(path)
  const index = keys.findIndex((key) => key.id === request.id)
  if (index === -1) return { kind: 'unknown' }
  if (index === keys.length - 1) return { kind: 'newest' }
  if (!request.force) {
    const successor = Date.parse(keys[index + 1]?.createdAt ?? '') / 1000
    if (request.clock() - successor < RETIRE_AFTER_SECONDS) return { kind: 'recent' }
    const records = await request.countSealedBy(request.id)
    if (records > 0) return { kind: 'in-use', records }
  }
  changeRingFile(path, (text) => removeKeyLine(text, request.id))
  return { kind: 'retired' }
}

/** The draft has a fixed name, so that it is also the lock between two commands. */
function changeRingFile(path: string, change: (text: string) => string): void {
  const draft = `${path}.changing`
  if (!createPrivateFile(draft, '')) {
    const remedy = `another command is changing the ring; if none is, delete ${draft}`
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'key-ring-busy', path: draft, remedy })
  }
  try {
    const text = change(readRingFile(path))
    parseKeyRing(text)
    writeFileSync(draft, text, { flush: true })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}
