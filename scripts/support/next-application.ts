// An application of Next: built once for all tests until something of it changes, and started on a free port.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BuildListener, buildPackages, ROOT } from './built-packages.ts'
import { withFolderLock } from './folder-lock.ts'
import { keepOutput } from './keep-output.ts'

const NEXT = join(ROOT, 'node_modules', 'next', 'dist', 'bin', 'next')
/** What a bundle can have in it. */
const BUNDLED = ['nextjs', 'resource-server'].map((name) => `packages/${name}/dist/**/*.js`)
const BROWSER_MODULE = 'packages/gateway/dist/browser.js'

/** What a test runner says to its own processes, and what would make another application of it. */
const OF_THE_TEST = ['NODE_ENV', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT']

type Env = Readonly<Record<string, string>>

/** Builds it unless nothing has changed since the last time. Rejects with what Next says. */
export async function buildNext(folder: string, onBuild: BuildListener = () => {}): Promise<void> {
  await buildPackages(onBuild)
  await withFolderLock(join(folder, '.next.lock'), async () => {
    const stamp = join(folder, '.next', 'sources.sha256')
    const hash = hashSources(folder)
    if (readText(stamp) === hash) return
    onBuild(`the pages of ${basename(folder)}`)
    const { code, output } = await runNext(folder, ['build'])
    if (code !== 0) throw new Error(`next build ended with ${code}\n${output}`)
    writeFileSync(stamp, hash)
  })
}

/** Runs a command of Next to its end. */
export async function runNext(
  folder: string,
  words: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawnNext(folder, words, {})
  const output = keepOutput(child)
  const [code] = await once(child, 'close')
  return { code, output: output() }
}

export interface RunningNext {
  readonly port: number
  /** What it has said so far. */
  output(): string
  close(): Promise<void>
}

/** `start` or `dev`, on loopback, on a free port unless it is told one. Rejects with what it said when it ends too early. */
export async function startNext(folder: string, command: 'start' | 'dev', env: Env, on = 0): Promise<RunningNext> {
  const child = spawnNext(folder, [command, '--port', String(on), '--hostname', '127.0.0.1'], env)
  const output = keepOutput(child)
  const ended = once(child, 'close')
  const port = await Promise.race([untilReady(child, output), ended.then(() => 0)])
  if (port === 0) throw new Error(`next ${command} has ended\n${output()}`)
  return {
    port,
    output,
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function spawnNext(folder: string, words: readonly string[], env: Env): ChildProcess {
  const all = Object.assign({}, process.env, { NEXT_TELEMETRY_DISABLED: '1' }, env)
  for (const name of OF_THE_TEST) Reflect.deleteProperty(all, name)
  return spawn(process.execPath, [NEXT, ...words], {
    cwd: folder,
    env: all,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function untilReady(child: ChildProcess, output: () => string): Promise<number> {
  while (!output().includes('Ready in')) await once(child.stdout ?? child, 'data')
  return Number(/Local: +http:\/\/[^:]+:(\d+)/.exec(output())?.[1])
}

function hashSources(folder: string): string {
  const exclude = (name: string) => name.split('/').some((part) => part === 'node_modules' || part.startsWith('.next'))
  // Folders that begin with a dot are in no `**`.
  const own = globSync(['**/*', '**/.well-known/**/*'], { cwd: folder, exclude }).map((file) => join(folder, file))
  const packages = globSync([...BUNDLED, BROWSER_MODULE], { cwd: ROOT }).map((file) => join(ROOT, file))
  const hash = createHash('sha256')
  for (const file of [...own, ...packages].toSorted()) {
    if (file.endsWith('next-env.d.ts') || !statSync(file).isFile()) continue
    hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
