import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../src/environment.ts'
import { describeFailure } from '../../src/failure.ts'
import { runProgram } from '../../src/program.ts'

export interface Outcome {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process, with everything it says gathered. */
export async function run(args: readonly string[], env: Environment = {}): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const terminal = {
    print: (line: string) => void out.push(line),
    tell: (line: string) => void err.push(line),
    isInteractive: false,
  }
  let exitCode: number
  try {
    exitCode = await runProgram(args, terminal, env)
  } catch (error) {
    const failure = describeFailure(error)
    err.push(failure.line)
    exitCode = failure.exitCode
  }
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}

const BIN = fileURLToPath(new URL('../../bin/doorman.js', import.meta.url))

export function spawnCommand(args: readonly string[], env: Environment = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [BIN, ...args], { env: { ...process.env, ...env } })
}

export async function endOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const [out, err] = [text(child.stdout), text(child.stderr)]
  const [code] = await once(child, 'close')
  return { exitCode: Number(code), out: await out, err: await err }
}

/** A folder that goes when the tests of this file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const VALID = `publicUrl: http://localhost:4000
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:
  main: { issuer: "http://127.0.0.1:9/realms/main", clientId: web, clientAuth: { secret: x } }
services:
  reports: { url: "http://reports:8000", credential: accessToken }
  website: { url: "http://website:8080", credential: none }
routes:
  - { path: "/api/*", service: reports, require: { roles: [admin], clientRoles: { web: [read] } }, methods: [GET, POST] }
  - { path: "/me", service: reports, require: { login: true }, rewrite: /account }
  - { path: "/*", service: website, require: none }
`

export function writeConfig(config: string, folder: string = temporaryFolder()): string {
  const file = join(folder, 'doorman.yaml')
  writeFileSync(file, config)
  return file
}

/** What `doorman init` said of one item of the realm. */
export function stateOf(out: string, item: string): string | undefined {
  return out
    .split('\n')
    .find((line) => line.startsWith(`${item}  `))
    ?.split(/ {2,}/)[1]
}
