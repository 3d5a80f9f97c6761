// An example on ports of its own, started by its own command `npm start`, so that tests of several may run on one machine.
//
// The command is npm's, what the script before it builds included; only the shell that npm runs its line in is one of our
// own, which puts another file into it. What the start script of an example goes by:
// - It is `doorman dev --config FILE [--no-gateway] -- COMMAND`. Here FILE is a copy with other ports, in a folder of its
//   own: store and keys go there, too. The working directory stays the example's.
// - Every port stands in FILE, as localhost:PORT or 127.0.0.1:PORT. The same port is replaced by the same other one.
// - COMMAND has from `doorman dev` what it needs to know of FILE (docs/cli.md): DOORMAN_CONFIG is the file itself,
//   DOORMAN_URL its publicUrl, DOORMAN_PORT_<SERVICE> the port of each service, DOORMAN_ISSUER_<REALM> each issuer.
//   So a command writes `next start --port $DOORMAN_PORT_WEB`, or reads DOORMAN_CONFIG, and never names a port itself.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { untilOpen } from '../../packages/cli/src/dev/until-open.ts'
import { ROOT } from './built-packages.ts'
import { keepOutput } from './keep-output.ts'
import { startGroup } from './process-group.ts'

export interface ExampleOptions {
  /** The example's folder. */
  readonly folder: string
  /** Which script of its package.json. Default `start`. */
  readonly script?: string
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take to build and start. Default 180. */
  readonly startSeconds?: number
}

export interface RunningExample {
  readonly publicUrl: string
  /** An address of the example's own file as it is now, such as `http://localhost:4100`. */
  addressOf(written: string): string
  /** What it has said so far, both outputs together. */
  output(): string
  /** Ends every process of it. */
  close(): Promise<void>
}

const START_SECONDS = 180
const ADDRESS = /\b(localhost|127\.0\.0\.1):(\d{2,5})\b/g
/** For folders of tests, above which npm finds no programs. */
const PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
const CONFIG_OPTION = /--config (\S+)/

/** Resolves when every port of its file takes connections. Rejects with what it said when it ends before, or is too slow. */
export async function startExample(options: ExampleOptions): Promise<RunningExample> {
  const { folder, script = 'start', env = {}, startSeconds = START_SECONDS } = options
  const line: string = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts[script]
  const name = CONFIG_OPTION.exec(line)?.[1]
  if (name === undefined) throw new Error(`the script ${script} names no --config`)
  const moved = await moveFile(join(folder, name))
  const command = `npm run ${script} --script-shell '${moved.shell}'`
  const group = startGroup(command, { cwd: folder, env: { ...process.env, PATH, ...env } })
  const { child } = group
  const output = keepOutput(child)
  const close = async () => {
    await group.close()
    rmSync(moved.directory, { recursive: true, force: true })
  }
  try {
    await untilListening(child, moved.ports, startSeconds)
  } catch (error) {
    await close()
    throw new Error(`${basename(folder)}: ${String(error)}\n${output()}`)
  }
  const { addressOf } = moved
  return { publicUrl: moved.publicUrl, addressOf, output, close }
}

interface MovedFile {
  readonly directory: string
  /** As `sh`, but with the moved file in what it runs. */
  readonly shell: string
  readonly publicUrl: string
  readonly ports: readonly number[]
  addressOf(written: string): string
}

async function moveFile(original: string): Promise<MovedFile> {
  const text = readFileSync(original, 'utf8')
  const written = [...new Set([...text.matchAll(ADDRESS)].map(([, , port = '']) => port))]
  const [operator, ...free] = await findFreePorts(written.length + 1)
  const ports = new Map(written.map((port, index) => [port, free[index] ?? 0]))
  const addressOf = (address: string) =>
    address.replaceAll(ADDRESS, (_, host: string, port: string) => `${host}:${ports.get(port) ?? port}`)
  const moved = addressOf(text)
  const publicUrl = /^publicUrl: *["']?([^"'\s]+)/m.exec(moved)?.[1] ?? ''
  // Where the file leaves them to their defaults, two examples would have the same.
  const listen = /^listen:/m.test(moved) ? '' : `listen: 127.0.0.1:${new URL(publicUrl).port}\n`
  const operatorListen = /^operator:/m.test(moved) ? '' : `operator: { listen: "127.0.0.1:${operator}" }\n`
  const directory = mkdtempSync(join(tmpdir(), 'doorman-example-'))
  const file = join(directory, basename(original))
  writeFileSync(file, `${moved}${listen}${operatorListen}`)
  const shell = join(directory, 'shell')
  writeFileSync(shell, buildShell(basename(original), file), { mode: 0o755 })
  return { directory, shell, publicUrl, ports: [...ports.values()], addressOf }
}

/** npm gives it `-c` and the line of the script. */
function buildShell(name: string, file: string): string {
  return `#!/bin/sh\nexec sh -c "$(printf '%s' "$2" | sed 's|--config ${name}|--config ${file}|')"\n`
}

/** All held at once, so that no two are the same. */
async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => Number(Object(server.address()).port))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

async function untilListening(child: ChildProcess, ports: readonly number[], seconds: number): Promise<void> {
  const ended = new AbortController()
  child.once('close', () => ended.abort())
  if (await untilOpen(ports, AbortSignal.any([ended.signal, AbortSignal.timeout(seconds * 1000)]))) return
  throw new Error(ended.signal.aborted ? 'it ended by itself' : `not all of ${ports.join(', ')} open in ${seconds} s`)
}
