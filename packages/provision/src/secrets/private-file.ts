// Files that hold a secret: readable by their owner alone from the first byte on, and whole at every moment.
import { randomBytes } from 'node:crypto'
import { lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProvisionError } from '../errors.ts'

const MODE = 0o600

export type HeldFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly text: string; readonly isPrivate: boolean }

/** Throws `ERR_DELIVERY_FAILED` for what is no regular file, and for one that cannot be read. */
export async function readPrivateFile(path: string): Promise<HeldFile> {
  try {
    const status = await lstat(path)
    if (!status.isFile()) throw fileError(path, 'is there, and is no regular file', 'kind')
    return { kind: 'present', text: await readFile(path, 'utf8'), isPrivate: (status.mode & 0o777) === MODE }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' }
    throw error instanceof ProvisionError ? error : systemError(path, 'cannot be read', error)
  }
}

/** Beside the file first, then in its place: nobody reads half of it. Throws `ERR_DELIVERY_FAILED`. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `.doorman-${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(beside, 'wx', MODE)
    try {
      await file.chmod(MODE)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    if (codeOf(error) === 'ENOENT') throw folderError(path)
    throw systemError(path, 'cannot be written', error)
  }
}

export function foreignFileError(path: string, because: string): ProvisionError {
  return fileError(path, `${because}; delete it, or choose another path`, 'foreign')
}

function systemError(path: string, because: string, cause: unknown): ProvisionError {
  const code = codeOf(cause) ?? 'unknown'
  return new ProvisionError('ERR_DELIVERY_FAILED', `${path} ${because}: ${code}`, { reason: 'system', path, code })
}

/** Not made by us: it may be a volume that is not mounted. */
function folderError(path: string): ProvisionError {
  return fileError(path, `cannot be written: there is no folder ${dirname(path)}; make it, or mount it`, 'folder')
}

function fileError(path: string, because: string, reason: string): ProvisionError {
  return new ProvisionError('ERR_DELIVERY_FAILED', `${path} ${because}`, { reason, path })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
