// A Redis without an installation: DOORMAN_REDIS_SERVER, one on this machine, else Debian's packages, unpacked.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface RedisBinaries {
  readonly server: string
  /** What the process needs beside ours. */
  readonly env: Readonly<Record<string, string>>
}

const CACHE_DIRECTORY = fileURLToPath(new URL('../../../../../node_modules/.cache/', import.meta.url))
const DIRECTORY = join(CACHE_DIRECTORY, 'doorman-redis')
const PACKAGES = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'liblua5.1-0']
const run = promisify(execFile)
let found: Promise<RedisBinaries | undefined> | undefined

/** Undefined where there is none and Debian's packages cannot be had. */
export function findRedis(): Promise<RedisBinaries | undefined> {
  found ??= find()
  return found
}

async function find(): Promise<RedisBinaries | undefined> {
  const installed = process.env.DOORMAN_REDIS_SERVER || findOnPath('redis-server')
  if (installed) return { server: installed, env: {} }
  if (!existsSync(DIRECTORY) && !(await unpack())) return undefined
  const libraries = readdirSync(join(DIRECTORY, 'usr', 'lib')).map((name) => join(DIRECTORY, 'usr', 'lib', name))
  return {
    server: join(DIRECTORY, 'usr', 'bin', 'redis-server'),
    env: { LD_LIBRARY_PATH: libraries.join(delimiter) },
  }
}

function findOnPath(command: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, command)).find((file) => existsSync(file))
}

/** False where it cannot be done. Several processes may try at the same time: the first one's folder stays. */
async function unpack(): Promise<boolean> {
  if (findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined) return false
  await mkdir(dirname(DIRECTORY), { recursive: true })
  const folder = await mkdtemp(`${DIRECTORY}-`)
  try {
    await download(folder)
    const files = readdirSync(folder).filter((name) => name.endsWith('.deb'))
    for (const file of files) await run('dpkg', ['-x', join(folder, file), join(folder, 'root')])
    await rename(join(folder, 'root'), DIRECTORY).catch((error: unknown) => {
      if (!existsSync(DIRECTORY)) throw error
    })
    return true
  } catch {
    return false
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function download(folder: string): Promise<void> {
  const fetchAll = () => run('apt-get', ['download', ...PACKAGES], { cwd: folder })
  try {
    await fetchAll()
  } catch {
    // A machine that was just made has no lists of packages yet.
    await run('apt-get', ['update', '-q'])
    await fetchAll()
  }
}
