// A fresh application of create-next-app, and exactly what docs/nextjs.md says: in both positions somebody can log in, with
// the command of the page and with what Next builds, and the page asks for no more than a few lines. Needs dist/ (npm run build), and ports 3000, 4000, 4001 and 8080.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readDocumentedCommands, readDocumentedSteps, readInstalledPackages } from './support/documented-steps.ts'
import { keepOutput } from './support/keep-output.ts'
import { logInOnce } from './support/log-in-once.ts'
import { installPackages, packPackages } from './support/packed-packages.ts'
import { startGroup } from './support/process-group.ts'

interface Position {
  readonly heading: string
  /** What has been built, as the page's own command runs what has not. */
  readonly started: string
}

const CREATE_NEXT_APP = 'create-next-app@16.4.3'
const PACKAGES = ['resource-server', 'gateway', 'nextjs', 'dev-realm', 'provision', 'cli']
const PAGE = 'docs/nextjs.md'
const POSITIONS: readonly Position[] = [
  { heading: 'Behind a gateway', started: 'doorman dev --config doorman.yaml -- next start --port 3000' },
  { heading: 'Embedded', started: 'doorman dev --config doorman.yaml --no-gateway -- next start --port 3000' },
]
const MAX_CHANGED_LINES = 25
const START_SECONDS = 60
const POLL_MILLISECONDS = 200

const directory = mkdtempSync(join(tmpdir(), 'doorman-fresh-'))
const application = join(directory, 'app')
const page = readFileSync(PAGE, 'utf8')
try {
  createFresh()
  installPackages(packPackages(PACKAGES, join(directory, 'tarballs')), application)
  const installed = readFileSync(join(application, 'package.json'), 'utf8')
  for (const position of POSITIONS) {
    makeFresh(installed)
    expectFewLines(position)
    await expectLogin(documentedCommand(position))
    run('next', ['build'])
    await expectLogin(position.started)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** Its index is the fresh state. The template with the demo page wants fonts from Google. */
function createFresh(): void {
  const words = ['app', '--yes', '--empty', '--skip-install', '--disable-git']
  execFileSync('npx', ['--yes', CREATE_NEXT_APP, ...words], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
  run('git', ['init', '--quiet'])
  run('git', ['add', '--all'])
}

function makeFresh(packageJson: string): void {
  run('git', ['checkout-index', '--all', '--force'])
  run('git', ['clean', '-d', '--force', '--quiet'])
  writeFileSync(join(application, 'package.json'), packageJson)
}

/** Every tarball is named in package.json; a stranger names what the page has them install. */
function expectFewLines({ heading }: Position): void {
  const steps = readDocumentedSteps(page, heading)
  for (const { file, text } of steps) {
    mkdirSync(dirname(join(application, file)), { recursive: true })
    writeFileSync(join(application, file), text)
  }
  const packages = readInstalledPackages(page)
  run('git', ['add', '--intent-to-add', '.'])
  const diff = run('git', ['diff', '--numstat', '--', '.', ':!package.json', ':!package-lock.json'])
  const rows = [...diff.matchAll(/^(\d+)\t(\d+)\t(.*)$/gm)]
  const lines = rows.reduce(
    (sum, [, added, removed]) => sum + Math.max(Number(added), Number(removed)),
    packages.length,
  )
  console.log(`${heading}: ${lines} lines in package.json, ${rows.map(([, , , file]) => file).join(', ')}`)
  if (steps.length === 0 || lines > MAX_CHANGED_LINES) throw new Error(`${PAGE}: ${lines} lines`)
}

function documentedCommand({ heading }: Position): string {
  const [command, ...further] = readDocumentedCommands(page, heading)
  if (command === undefined || further.length > 0)
    throw new Error(`${PAGE}: “${heading}” is not started by one command`)
  return command
}

async function expectLogin(command: string): Promise<void> {
  const { child, close } = startGroup(command, { cwd: application, env: environment() })
  const output = keepOutput(child)
  const ended = once(child, 'close').then(() => {
    throw new Error('it has ended')
  })
  const publicUrl = /^publicUrl: (\S+)/m.exec(readFileSync(join(application, 'doorman.yaml'), 'utf8'))?.[1] ?? ''
  try {
    await Promise.race([ended, untilAnswering(publicUrl).then(() => logInOnce(publicUrl))])
    console.log(`${command}: a login and a logout go well`)
  } catch (error) {
    throw new Error(`${command}\n${output()}`, { cause: error })
  } finally {
    await close()
    await ended.catch(() => {})
  }
}

async function untilAnswering(url: string): Promise<void> {
  const deadline = performance.now() + START_SECONDS * 1000
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (performance.now() > deadline) throw new Error(`${url} does not answer`)
    await delay(POLL_MILLISECONDS)
  }
}

function run(command: string, words: readonly string[]): string {
  const options = { cwd: application, encoding: 'utf8', env: environment() } as const
  return execFileSync(command, words, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** With the commands of the application, and none of this repository. */
function environment(): NodeJS.ProcessEnv {
  const path = [join(application, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH].join(delimiter)
  return { ...process.env, PATH: path, NEXT_TELEMETRY_DISABLED: '1' }
}
