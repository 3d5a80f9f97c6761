// Builds dist/ of every package that has a tsconfig.build.json, in the order in which they import one another.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifyModule } from './support/minify.ts'

const PACKAGES = ['resource-server', 'gateway', 'nextjs', 'dev-realm', 'provision', 'cli']
const BROWSER_PROJECT = 'tsconfig.browser.json'
const COMPILER = join('node_modules', 'typescript', 'bin', 'tsc')

for (const name of PACKAGES) {
  const startedAt = performance.now()
  const directory = join('packages', name)
  const [dist, beside] = [join(directory, 'dist'), join(directory, 'dist.new')]
  rmSync(beside, { recursive: true, force: true })
  mkdirSync(beside)
  compile(directory, 'tsconfig.build.json', beside)
  if (existsSync(join(directory, BROWSER_PROJECT))) await compileForBrowsers(directory, beside)
  copyWhatIsNotCompiled(join(directory, 'src'), beside)
  // At once, so that a build that fails or is broken off leaves no half of one.
  rmSync(dist, { recursive: true, force: true })
  renameSync(beside, dist)
  console.log(`built ${dist} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

/** Comments stay in the types. */
async function compileForBrowsers(directory: string, place: string): Promise<void> {
  compile(directory, BROWSER_PROJECT, place)
  const file = join(place, 'browser.js')
  writeFileSync(file, await minifyModule(readFileSync(file, 'utf8')))
}

function compile(directory: string, project: string, place: string): void {
  const words = [COMPILER, '-p', join(directory, project), '--outDir', place]
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

function copyWhatIsNotCompiled(source: string, place: string): void {
  cpSync(source, place, {
    recursive: true,
    filter: (path) => !path.endsWith('.ts') || path.endsWith('.d.ts'),
  })
}
