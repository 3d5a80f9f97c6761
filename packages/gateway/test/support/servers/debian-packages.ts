// Programs out of Debian's packages, without an installation.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface Program {
  readonly file: string
  /** What the process needs beside ours. */
  readonly env: Readonly<Record<string, string>>
}

const CACHE_DIRECTORY = fileURLToPath(new URL('../../../../../node_modules/.cache/', import.meta.url))
const run = promisify(execFile)

export function findOnPath(command: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, command)).find((file) => existsSync(file))
}

/** A file below `usr` of some packages; undefined where they cannot be had. */
export async function unpackedProgram(packages: readonly string[], path: string): Promise<Program | undefined> {
  const directory = join(CACHE_DIRECTORY, `doorman-${packages[0]}`)
  if (!existsSync(directory) && !(await unpack(directory, packages))) return undefined
  const libraries = readdirSync(join(directory, 'usr', 'lib')).map((name) => join(directory, 'usr', 'lib', name))
  return { file: join(directory, 'usr', path), env: { LD_LIBRARY_PATH: libraries.join(delimiter) } }
}

/** False where it cannot be done. Several processes may try at the same time: the first one's folder stays. */
async function unpack(directory: string, packages: readonly string[]): Promise<boolean> {
  if (findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined) return false
  await mkdir(dirname(directory), { recursive: true })
  const folder = await mkdtemp(`${directory}-`)
  try {
    await download(folder, packages)
    const files = readdirSync(folder).filter((name) => name.endsWith('.deb'))
    for (const file of files) await run('dpkg', ['-x', join(folder, file), join(folder, 'root')])
    await rename(join(folder, 'root'), directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error
    })
    return true
  } catch {
    return false
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function download(folder: string, packages: readonly string[]): Promise<void> {
  const fetchAll = () => run('apt-get', ['download', ...packages], { cwd: folder })
  try {
    await fetchAll()
  } catch {
    // A machine that was just made has no lists of packages yet.
    await run('apt-get', ['update', '-q'])
    await fetchAll()
  }
}
