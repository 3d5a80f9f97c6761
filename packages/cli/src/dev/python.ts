// A Python with what a service needs: one virtual environment for each set of requirements, made once and kept beside
// the other caches. It is made in a temporary folder and renamed, so that it is whole or absent.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export type FoundPython =
  | { readonly kind: 'found'; readonly command: string; readonly version: string }
  | { readonly kind: 'missing'; readonly because: string }

const COMMAND = 'python3'
const OLDEST = [3, 10] as const
// Debian keeps what `venv` needs in a package of its own: `import venv` alone works without it.
const PROBE = 'import ensurepip, sys, venv; print(*sys.version_info[:3], sep=".")'
const run = promisify(execFile)

export async function findPython(): Promise<FoundPython> {
  const version = await run(COMMAND, ['-c', PROBE]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  if (version === undefined) {
    return { kind: 'missing', because: 'there is no python3 with venv here (Debian: apt-get install python3-venv)' }
  }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  if (isNewEnough) return { kind: 'found', command: COMMAND, version }
  return { kind: 'missing', because: `it needs Python ${OLDEST.join('.')} or newer, and python3 is ${version}` }
}

/**
 * The Python of an environment in which everything of a requirements file is installed: some 10 to 30 s the first time,
 * with the network. Rejects when pip fails; the message is its last line.
 */
export async function prepareEnvironment(
  python: Extract<FoundPython, { kind: 'found' }>,
  requirementsFile: string,
  { onStart, signal }: { readonly onStart: () => void; readonly signal: AbortSignal },
): Promise<string> {
  const root = process.env.DOORMAN_CACHE || join(homedir(), '.cache', 'doorman')
  const directory = join(root, `python-${await hashOf(python.version, requirementsFile)}`)
  if (!existsSync(directory)) {
    onStart()
    await mkdir(root, { recursive: true })
    await makeEnvironment(python.command, requirementsFile, directory, signal)
  }
  return pythonOf(directory)
}

async function makeEnvironment(
  command: string,
  requirementsFile: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const temporary = await mkdtemp(`${directory}-`)
  try {
    await run(command, ['-m', 'venv', temporary], { signal })
    const install = ['install', '--quiet', '--no-input', '--retries', '1', '--requirement', requirementsFile]
    await run(pythonOf(temporary), ['-m', 'pip', ...install], { signal })
    await rename(temporary, directory)
  } catch (error) {
    // Another process may have been faster; its environment is as good.
    if (!existsSync(directory)) throw new Error(describe(error), { cause: error })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** By this path, and not by its scripts: they hold the name of the folder they were made in. */
function pythonOf(directory: string): string {
  return join(directory, 'bin', 'python')
}

function describe(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined
  return said || 'its Python environment could not be made'
}

/** One requirements file may name another one beside it. */
async function hashOf(version: string, requirementsFile: string): Promise<string> {
  const folder = dirname(requirementsFile)
  const names = (await readdir(folder)).filter((name) => /^requirements.*\.txt$/.test(name)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const parts = [version, requirementsFile.slice(folder.length), ...texts]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
