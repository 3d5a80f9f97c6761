// Packs every package, installs the tarballs into an empty project and runs the command there: what a stranger does.
// Needs dist/ (npm run build).
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { findNodes, isOldNode } from './support/nodes.ts'
import { installPackages, packPackages } from './support/packed-packages.ts'

/** Without the one for Next.js, which is tried where there is a Next (scripts/next-smoke.ts). */
const PACKAGES = ['resource-server', 'gateway', 'dev-realm', 'provision', 'cli']

const directory = mkdtempSync(join(tmpdir(), 'doorman-pack-'))
try {
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
  installPackages(packPackages(PACKAGES, join(directory, 'tarballs')), directory)
  expectVersion()
  expectEntries()
  expectWalk()
  expectRefusalByOldNodes()
} finally {
  rmSync(directory, { recursive: true, force: true })
}

function expectVersion(): void {
  const { version } = JSON.parse(readFileSync(join('packages', 'cli', 'package.json'), 'utf8'))
  const found = runDoorman(process.execPath)
  if (found.status !== 0 || !found.stdout.includes(version)) fail('doorman --version', found)
  console.log(`doorman --version says ${found.stdout.trim()}`)
}

function expectEntries(): void {
  for (const entry of [
    '@doorman/resource-server',
    ...['express', 'fastify', 'hono', 'node', 'web', 'testing'].map((name) => `@doorman/resource-server/${name}`),
    '@doorman/gateway',
    '@doorman/gateway/browser',
    '@doorman/gateway/embedded',
    '@doorman/gateway/wire',
    '@doorman/dev-realm',
    '@doorman/dev-realm/keycloak',
  ]) {
    execFileSync(process.execPath, ['--input-type=module', '-e', `await import('${entry}')`], { cwd: directory })
    console.log(`import '${entry}' works`)
  }
}

/** The demo as installed: without the services of the examples, which it says. */
function expectWalk(): void {
  const { CI: _, ...env } = process.env
  const words = ['dev', '--walk']
  const found = spawnSync(join(directory, 'node_modules', '.bin', 'doorman'), words, {
    cwd: directory,
    encoding: 'utf8',
    env,
  })
  if (found.status !== 0 || !found.stdout.includes('The walk went well.')) fail('doorman dev --walk', found)
  console.log('doorman dev --walk goes well')
}

function expectRefusalByOldNodes(): void {
  const old = findNodes().filter(isOldNode)
  if (old.length === 0) console.log('There is no older Node on this machine: its refusal was not tried')
  for (const node of old) {
    const found = runDoorman(node)
    const lines = `${found.stdout}${found.stderr}`.trim().split('\n')
    if (found.status !== 1 || lines.length !== 1 || !lines[0]?.includes('22.19')) fail(`doorman under ${node}`, found)
    console.log(`under ${node}: ${lines[0]}`)
  }
}

interface Found {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** As the shell would run it: the command's own first line looks for `node` on the PATH. */
function runDoorman(node: string): Found {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  return spawnSync(join(directory, 'node_modules', '.bin', 'doorman'), ['--version'], { encoding: 'utf8', env })
}

function fail(what: string, found: Found): never {
  throw new Error(`${what} exited ${found.status} with\n${found.stdout}${found.stderr}`)
}
