// Files that only their owner may read: the store and the key ring. What is readable by others, or lies where locks
// cannot be trusted, is refused and never repaired in silence.
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { GatewayError, systemCode } from '../kernel/errors.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
const OTHERS = 0o077
const GROUP_READS = 0o040
const MODE_BITS = 0o777

// statfs(2) and linux/magic.h.
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xfe534d42, 'smb2'],
  [0xff534d42, 'cifs'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'kafs'],
  [0x73757245, 'coda'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
])

/** The name of the network file system behind `statfs().type`; undefined for any other. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type >>> 0)
}

/** SQLite's locks and its shared memory do not hold across machines (https://www.sqlite.org/wal.html). */
export function refuseNetworkFileSystem(folder: string): void {
  const name = process.platform === 'linux' ? networkFileSystem(statfsSync(folder).type) : undefined
  if (name === undefined) return
  throw new GatewayError('ERR_STORE_REFUSED', { reason: 'network-file-system', path: folder, fileSystem: name })
}

/** Makes the folder for its owner alone, with a `.gitignore` of its own; refuses one that others may enter. */
export function preparePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  refuseWideMode(folder, FOLDER_MODE)
  // Only in a folder that holds nothing else: a project's root would vanish from git.
  if (readdirSync(folder).length === 0) createPrivateFile(join(folder, '.gitignore'), '*\n')
}

/** Refuses what anybody but the owner may read. Windows has no such modes. */
export function refuseWideMode(path: string, narrowest = FILE_MODE): void {
  refuseModeBits(path, OTHERS, narrowest)
}

/** A group may read: a secret that Kubernetes mounts for a process without root can have no narrower mode. */
export function refuseOthersMode(path: string): void {
  refuseModeBits(path, OTHERS & ~GROUP_READS, FILE_MODE)
}

function refuseModeBits(path: string, refused: number, narrowest: number): void {
  const mode = statSync(path).mode & MODE_BITS
  if (process.platform === 'win32' || (mode & refused) === 0) return
  const remedy = `chmod ${narrowest.toString(8)} ${path}`
  throw new GatewayError('ERR_STORE_REFUSED', { reason: 'wide-mode', path, mode: mode.toString(8), remedy })
}

/** `false` when the file exists already. */
export function createPrivateFile(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: FILE_MODE, flush: true })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Gives a finished draft its name unless that is taken: nobody ever sees half a file, and of two processes that start
 * at once one file remains. Removing the draft is left to the caller.
 */
export function publishDraft(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    throw error
  }
  syncFolder(dirname(path))
}

/** Makes a new name in the folder survive a power cut. Windows cannot open folders. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
