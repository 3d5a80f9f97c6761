// Builds dist/ of every package that has a tsconfig.build.json, in the order in which they import one another.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifyModule } from './support/minify.ts'

const PACKAGES = ['resource-server', 'gateway', 'nextjs', 'dev-realm', 'provision', 'cli']
const BROWSER_PROJECT = 'tsconfig.browser.json'
const COMPILER = join('node_modules', 'typescript', 'bin', 'tsc')

// A build that is broken off leaves nothing that looks like a whole one.
for (const name of PACKAGES) rmSync(join('packages', name, 'dist'), { recursive: true, force: true })
for (const name of PACKAGES) {
  const startedAt = performance.now()
  const directory = join('packages', name)
  compile(directory, 'tsconfig.build.json')
  if (existsSync(join(directory, BROWSER_PROJECT))) await compileForBrowsers(directory)
  copyWhatIsNotCompiled(join(directory, 'src'), join(directory, 'dist'))
  console.log(`built ${directory}/dist in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

/** Comments stay in the types. */
async function compileForBrowsers(directory: string): Promise<void> {
  compile(directory, BROWSER_PROJECT)
  const file = join(directory, 'dist', 'browser.js')
  writeFileSync(file, await minifyModule(readFileSync(file, 'utf8')))
}

function compile(directory: string, project: string): void {
  const arguments_ = [COMPILER, '-p', join(directory, project)]
  const { status } = spawnSync(process.execPath, arguments_, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

function copyWhatIsNotCompiled(source: string, place: string): void {
  cpSync(source, place, {
    recursive: true,
    filter: (path) => !path.endsWith('.ts') || path.endsWith('.d.ts'),
  })
}
