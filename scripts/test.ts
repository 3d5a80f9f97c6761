// What `npm test` runs: everything that can run here, and by name what cannot. With CI=true nothing is skipped.
// `npm test -- login` runs the files with `login` in their path; options go to `node --test`.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import { findKeycloakPort, isKeycloakPrepared, KEYCLOAK_PORTS, startKeycloak } from '@doorman/dev-realm/keycloak'
import { findPostgres } from '../packages/gateway/test/support/servers/postgres-binaries.ts'
import { findRedis } from '../packages/gateway/test/support/servers/redis-binaries.ts'
import { findKubernetes, prepareKubernetes } from '../packages/provision/test/support/servers/kubernetes-binaries.ts'
import { findChromium } from './support/chromium.ts'
import { printProgress } from './support/print-progress.ts'
import { type SharedKeycloak, shareKeycloak } from './support/test-keycloak.ts'
import { describeMissingPython, usePython } from './support/test-python.ts'
import { parseTestArguments, planTests, type RealPart, type Stage, TEST_GLOBS } from './test-plan.ts'

const IN_CI = process.env.CI === 'true'
const REDIS_REMEDY = 'There is no Redis here: set DOORMAN_REDIS_SERVER to the path of redis-server'
const POSTGRES_REMEDY = 'There is no PostgreSQL here: set DOORMAN_POSTGRES to the folder of `postgres`'
const KUBERNETES_REMEDY =
  'There is no Kubernetes API server here yet: run `npm run kubernetes:prepare` (Go, 10 minutes), or set DOORMAN_KUBERNETES to the folder of `kube-apiserver` and `etcd`'
const TEST_TIMEOUT_MILLISECONDS = 300_000

interface Outcome {
  readonly stage: string
  readonly result: 'passed' | 'failed' | 'skipped'
  readonly seconds: number
}

let keycloak: SharedKeycloak | undefined
const running = new Set<ChildProcess>()

async function runAll(): Promise<readonly Outcome[]> {
  const { filters, nodeOptions } = parseTestArguments(process.argv.slice(2))
  const files = TEST_GLOBS.flatMap((glob) => globSync(glob)).map((file) => file.split(sep).join('/'))
  const stages = planTests(files, filters)
  if (stages.length === 0) throw new Error(`No test file matches ${filters.join(' ')}`)
  const outcomes: Outcome[] = []
  const beside: Promise<Outcome>[] = []
  for (const stage of stages) {
    if (stage.isBeside) beside.push(settleLater(runStage(stage, nodeOptions)))
    else outcomes.push(await runStage(stage, nodeOptions))
  }
  return [...outcomes, ...(await Promise.all(beside))]
}

/** What goes wrong with it is heard where it is awaited. */
function settleLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

async function runStage(stage: Stage, nodeOptions: readonly string[]): Promise<Outcome> {
  const startedAt = performance.now()
  const result = await resultOf(stage, nodeOptions)
  return { stage: stage.name, result, seconds: (performance.now() - startedAt) / 1000 }
}

async function resultOf(stage: Stage, nodeOptions: readonly string[]): Promise<Outcome['result']> {
  const missing = IN_CI ? [] : await missingParts(stage.needs)
  for (const remedy of missing) console.error(`\nSKIPPED: ${stage.name}: ${stage.files.join(', ')}\n  ${remedy}`)
  if (missing.length > 0) return 'skipped'
  const env = await startParts(stage.needs)
  return (await runFiles(stage, nodeOptions, env)) ? 'passed' : 'failed'
}

async function missingParts(needs: readonly RealPart[]): Promise<readonly string[]> {
  const missing: string[] = []
  if (needs.some((part) => part === 'keycloak' || part === 'own-keycloak') && !isKeycloakPrepared()) {
    missing.push('There is no real Keycloak here yet: run `npm run keycloak:prepare`')
  }
  if (needs.includes('browser') && (await findChromium()) === undefined) {
    missing.push('There is no Chromium here: set DOORMAN_CHROMIUM to its path')
  }
  if (needs.includes('redis') && (await findRedis()) === undefined) missing.push(REDIS_REMEDY)
  if (needs.includes('postgres') && findPostgres() === undefined) missing.push(POSTGRES_REMEDY)
  if (needs.includes('kubernetes') && findKubernetes() === undefined) missing.push(KUBERNETES_REMEDY)
  const missingPython = needs.includes('python') ? await describeMissingPython() : undefined
  if (missingPython !== undefined) missing.push(missingPython)
  return missing
}

/** Starts what is not there yet; the environment that tells the tests about it. Throws where a part cannot be had. */
async function startParts(needs: readonly RealPart[]): Promise<Readonly<Record<string, string>>> {
  if (needs.includes('browser') && (await findChromium()) === undefined) throw new Error('CI needs a Chromium')
  if (needs.includes('redis') && (await findRedis()) === undefined) throw new Error(`CI needs a Redis. ${REDIS_REMEDY}`)
  if (needs.includes('postgres') && findPostgres() === undefined) {
    throw new Error(`CI needs a PostgreSQL. ${POSTGRES_REMEDY}`)
  }
  if (needs.includes('kubernetes')) await prepareKubernetes((line) => console.error(line))
  if (needs.includes('python')) await usePython()
  // Its port is free while it is killed: the shared one, which takes the first, must not come into its place.
  if (needs.includes('own-keycloak')) return { DOORMAN_TEST_KEYCLOAK_PORT: String(KEYCLOAK_PORTS.at(-1)) }
  if (!needs.includes('keycloak')) return {}
  keycloak ??= await shareKeycloak(await startKeycloak({ port: await findKeycloakPort(), onProgress: printProgress }))
  return keycloak.env
}

async function runFiles(
  stage: Stage,
  nodeOptions: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  console.log(`\n— ${stage.name}: ${stage.files.length} files`)
  const directory = mkdtempSync(join(tmpdir(), 'doorman-test-'))
  const skippedFile = join(directory, 'skipped')
  try {
    const child = spawn(process.execPath, [...nodeArguments(stage, skippedFile), ...nodeOptions, ...stage.files], {
      stdio: ['inherit', stage.isBeside ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    })
    running.add(child)
    // What runs beside the others says at its end what it has to say, in one piece.
    const said = child.stdout === null ? undefined : text(child.stdout)
    const [code] = await once(child, 'exit')
    running.delete(child)
    if (said !== undefined) console.log(`\n— ${stage.name}\n${await said}`)
    return code === 0 && acceptSkipped(readFileSync(skippedFile, 'utf8'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function nodeArguments(stage: Stage, skippedFile: string): string[] {
  return [
    '--conditions=@doorman/source',
    '--test',
    `--test-concurrency=${stage.concurrency}`,
    `--test-timeout=${TEST_TIMEOUT_MILLISECONDS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('support/skipped-reporter.ts', import.meta.url).href}`,
    `--test-reporter-destination=${skippedFile}`,
  ]
}

function acceptSkipped(names: string): boolean {
  if (names === '' || !IN_CI) return true
  console.error(`\nIn CI no test may be skipped:\n${names}`)
  return false
}

function printOutcomes(outcomes: readonly Outcome[]): void {
  console.log()
  for (const { stage, result, seconds } of outcomes)
    console.log(`${result.padEnd(8)} ${seconds.toFixed(1)} s  ${stage}`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal)
    process.exit(1)
  })
}

try {
  const outcomes = await runAll()
  printOutcomes(outcomes)
  process.exitCode = outcomes.some((outcome) => outcome.result === 'failed') ? 1 : 0
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await keycloak?.close()
}
