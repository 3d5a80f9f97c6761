// The steps of the Dockerfile, one after the other, in a folder: what an engine would do, without one. Then the command
// is run as the image would run it: as its user, where nothing is writable, out of its last stage alone.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type DockerStage, type DockerStep, parseDockerfile } from './support/dockerfile.ts'

const EXAMPLE = `publicUrl: https://app.example.com
listen: 127.0.0.1:4000
operator: { listen: 127.0.0.1:4001 }
session: { store: memory }
realms: { main: { issuer: "https://sso.example.com/realms/main", clientId: web, clientAuth: { secret: x } } }
services: { api: { url: "http://api:8000", credential: accessToken } }
routes: [{ path: "/api/*", service: api, require: { login: true } }]
clients: { reader: { deliver: [{ kubernetes: { namespaces: [ml], name: reader-oidc }, shape: generic }] } }
`

const directory = mkdtempSync(join(tmpdir(), 'doorman-image-'))
chmodSync(directory, 0o755)
try {
  const stages = parseDockerfile(readFileSync('Dockerfile', 'utf8'))
  for (const [index, stage] of stages.entries()) build(stage, index, stages)
  const last = stages.length - 1
  tryCommand(stages[last]?.steps ?? [], rootOf(last))
} finally {
  rmSync(directory, { recursive: true, force: true })
}

function rootOf(index: number): string {
  return join(directory, String(index))
}

function build({ steps }: DockerStage, index: number, stages: readonly DockerStage[]): void {
  const root = rootOf(index)
  let place = '/'
  for (const step of steps) {
    console.log(`stage ${index}: ${describe(step)}`)
    if (step.kind === 'workdir') {
      place = step.place
      mkdirSync(join(root, place), { recursive: true })
    }
    if (step.kind === 'copy') copy(step, join(root, place), root, stages)
    if (step.kind === 'run') runStep(step.command, join(root, place))
  }
}

function describe(step: DockerStep): string {
  return Object.values(step).filter(Boolean).join(' ')
}

type CopyStep = Extract<DockerStep, { kind: 'copy' }>

function copy({ from, source, place }: CopyStep, workdir: string, root: string, stages: readonly DockerStage[]): void {
  if (from === null) {
    copyContext(workdir)
    return
  }
  const index = stages.findIndex(({ name }) => name === from)
  cpSync(join(rootOf(index), source), join(root, place), { recursive: true, verbatimSymlinks: true })
}

/** What a commit would hold; .dockerignore keeps the rest out. */
function copyContext(place: string): void {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const files = execFileSync('git', words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\0')
  for (const file of files.filter((each) => each !== '')) cpSync(file, join(place, file), { force: true })
}

function runStep(command: string, cwd: string): void {
  const { NODE_OPTIONS: _, ...env } = process.env
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  const found = spawnSync('sh', ['-c', command], { cwd, env: { ...env, PATH }, encoding: 'utf8' })
  if (found.status !== 0)
    throw new Error(`${command} exited ${found.status} with
${found.stdout}${found.stderr}`)
}

function tryCommand(steps: readonly DockerStep[], root: string): void {
  const words = steps.flatMap((step) => (step.kind === 'entrypoint' ? step.words : []))
  const [, ...args] = words.map((word) => (word.startsWith('/') ? join(root, word) : word))
  const user = steps.flatMap((step) => (step.kind === 'user' ? step.user.split(':').map(Number) : []))
  const cwd = join(root, steps.flatMap((step) => (step.kind === 'workdir' ? [step.place] : [])).at(-1) ?? '/')
  writeFileSync(join(cwd, 'doorman.yaml'), EXAMPLE, { mode: 0o444 })
  // Ours may be where that user may not look.
  const node = join(directory, 'node')
  cpSync(process.execPath, node)
  expect('Usage: doorman', ['--help'])
  expect('resourceNames: [reader-oidc]', ['rbac'])
  expect('https://app.example.com', ['check'])

  function expect(text: string, more: readonly string[]): void {
    const [uid, gid] = user
    const owner = process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : {}
    const env = { NODE_ENV: 'production', PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
    const found = spawnSync(node, [...args, ...more], { cwd, env, encoding: 'utf8', ...owner })
    if (found.status === 0 && found.stdout.includes(text)) console.log(`doorman ${more.join(' ')} works in the image`)
    else throw new Error(`doorman ${more.join(' ')} exited ${found.status} with\n${found.stdout}${found.stderr}`)
  }
}
