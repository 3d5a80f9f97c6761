// Type-checks every project: what Node runs, what browsers run, and applications that have settings of their own.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackages } from './support/built-packages.ts'

const COMPILER = join('node_modules', 'typescript', 'bin', 'tsc')
const PROJECTS = [
  'tsconfig.json',
  ...globSync([
    'packages/*/tsconfig.browser.json',
    'packages/*/tsconfig.json',
    'packages/nextjs/test/*/tsconfig.json',
    'examples/*/tsconfig.json',
    'docs/migrate/*/tsconfig.json',
    'docs/.vitepress/tsconfig.json',
  ]).sort(),
]

// Applications see the packages as they are installed.
await buildPackages()
for (const project of PROJECTS.filter((path) => existsSync(path))) {
  const startedAt = performance.now()
  const { status } = spawnSync(process.execPath, [COMPILER, '-p', project, '--noEmit'], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
  console.log(`${project}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}
