// dist/ of all packages, for applications whose bundlers know nothing of our sources.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withFolderLock } from './folder-lock.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LOCK = join(ROOT, 'node_modules', '.cache', 'built-packages.lock')
const SOURCES = ['src/**/*', 'tsconfig*.json', 'package.json']

/** What is about to be built, for people who wait. */
export type BuildListener = (what: string) => void

/** Builds them unless each is newer than its sources. Rejects with what the compiler says. */
export async function buildPackages(onBuild: BuildListener = () => {}): Promise<void> {
  await withFolderLock(LOCK, async () => {
    const packages = globSync('packages/*/tsconfig.build.json', { cwd: ROOT }).map((file) => join(ROOT, file, '..'))
    if (packages.every(isBuilt)) return
    onBuild('the packages of this repository')
    await runBuild()
  })
}

function isBuilt(folder: string): boolean {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) return false
  const changedAt = globSync(SOURCES, { cwd: folder }).map((file) => statSync(join(folder, file)).mtimeMs)
  // Every build begins by making the folder anew.
  return Math.max(...changedAt) < statSync(dist).birthtimeMs
}

async function runBuild(): Promise<void> {
  const child = spawn(process.execPath, ['scripts/build.ts'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`scripts/build.ts ended with ${code}\n${said}`)
}
