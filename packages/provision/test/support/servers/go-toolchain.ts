// A Go that can build what go.mod asks for. From 1.21 on `go` fetches the version it needs by itself; an older one, such as
// Debian 12's, fetches the same module when it is asked to, and what a newer one would do to it is done here.
import { execFile } from 'node:child_process'
import { chmod, copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Go {
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

const VERSION = '1.26.0'
const OLDEST_WITH_TOOLCHAINS = 21
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' }
const run = promisify(execFile)

/** Rejects where there is no `go`, or its newer version cannot be fetched. */
export async function findGo(): Promise<Go> {
  const found = await run('go', ['env', 'GOVERSION']).catch(() => undefined)
  if (found === undefined) throw new Error('There is no `go` here. Install it (Debian: apt-get install golang-go)')
  const minor = Number(/^go1\.(\d+)/.exec(found.stdout)?.[1] ?? 0)
  return minor >= OLDEST_WITH_TOOLCHAINS ? { file: 'go', env: { GOTOOLCHAIN: 'auto' } } : fetchToolchain()
}

async function fetchToolchain(): Promise<Go> {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch
  const module = `golang.org/toolchain@v0.0.1-go${VERSION}.${process.platform}-${architecture}`
  const env = { ...process.env, GOFLAGS: '-modcacherw' }
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { env })
  const directory = String(JSON.parse(stdout).Dir)
  await makeRunnable(directory)
  return { file: join(directory, 'bin', 'go'), env: { GOROOT: directory, GOTOOLCHAIN: 'local' } }
}

/** A module holds neither programs that may run nor further modules. */
async function makeRunnable(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    const file = join(parentPath, name)
    if (name === '_go.mod') await copyFile(file, join(parentPath, 'go.mod'))
    if (/^(?:bin|pkg\/tool)\//.test(file.slice(directory.length + 1))) await chmod(file, 0o755)
  }
}
