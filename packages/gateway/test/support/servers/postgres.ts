// A real PostgreSQL of the test's own, with its data in a temporary folder: it can be stopped, started again and held up.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemCode } from '../../../src/kernel/errors.ts'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../loopback-certificate.ts'
import { findFreePort } from './free-port.ts'
import { findPostgres, readablePrograms, SERVER_USER } from './postgres-binaries.ts'

export { findPostgres } from './postgres-binaries.ts'

export interface PostgresServer {
  /** Of the superuser, with password, without TLS. */
  readonly url: string
  /** The same over TLS, under the certificate of `loopback-certificate.ts`. */
  readonly tlsUrl: string
  /** Ends the server and every connection; the data stay. */
  stop(): Promise<void>
  /** Starts a stopped server on the same port. */
  start(): Promise<void>
  /** Holds up the server and its connections: they stay open and nothing is answered. */
  pause(): void
  resume(): void
  /** Ends the server and removes its data. */
  close(): Promise<void>
}

/** Ready when it resolves. Rejects where there is no PostgreSQL. */
export async function startPostgres(): Promise<PostgresServer> {
  const found = findPostgres()
  if (found === undefined)
    throw new Error('There is no PostgreSQL here: set DOORMAN_POSTGRES to the folder of `postgres`')
  const folder = mkdtempSync(join(tmpdir(), 'doorman-postgres-'))
  giveAway(folder)
  const programs = readablePrograms(found, folder)
  const password = randomBytes(12).toString('hex')
  const port = await findFreePort()
  const data = prepareData(programs, folder, password, port)
  let server = await startServer(programs, data)

  async function stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    if (hasEnded(server)) return
    const ended = once(server, 'exit')
    signalAll(server, 'SIGCONT')
    server.kill(signal)
    server.ref()
    await ended
  }

  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    tlsUrl: `postgres://postgres:${password}@localhost:${port}/postgres?sslmode=verify-full`,
    stop: () => stop('SIGINT'),
    async start() {
      if (hasEnded(server)) server = await startServer(programs, data)
    },
    pause: () => signalAll(server, 'SIGSTOP'),
    resume: () => signalAll(server, 'SIGCONT'),
    async close() {
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function giveAway(path: string): void {
  const { uid, gid } = SERVER_USER
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}

function writePrivate(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 })
  giveAway(path)
  return path
}

function prepareData(programs: string, folder: string, password: string, port: number): string {
  const data = join(folder, 'data')
  const passwordFile = writePrivate(join(folder, 'password'), password)
  const options = ['-U', 'postgres', '-A', 'scram-sha-256', '--no-locale', '-E', 'UTF8', '--no-sync']
  execFileSync(join(programs, 'initdb'), ['-D', data, `--pwfile=${passwordFile}`, ...options], {
    ...SERVER_USER,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const certificate = writePrivate(join(folder, 'certificate.pem'), LOOPBACK_CERTIFICATE)
  const key = writePrivate(join(folder, 'key.pem'), LOOPBACK_KEY)
  appendFileSync(
    join(data, 'postgresql.conf'),
    `
      listen_addresses = '127.0.0.1'
      port = ${port}
      unix_socket_directories = '${folder}'
      fsync = off
      max_connections = 200
      ssl = on
      ssl_cert_file = '${certificate}'
      ssl_key_file = '${key}'
    `,
  )
  return data
}

async function startServer(programs: string, data: string): Promise<ChildProcess> {
  const server = spawn(join(programs, 'postgres'), ['-D', data], {
    ...SERVER_USER,
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = () => server.kill('SIGQUIT')
  process.once('exit', end)
  server.once('exit', () => process.off('exit', end))
  await untilReady(server)
  // A test that fails before its end must not wait for a server.
  server.unref()
  if (server.stderr instanceof Socket) server.stderr.unref()
  return server
}

function untilReady(server: ChildProcess): Promise<void> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`PostgreSQL has ended: ${said.join('')}`)))
    server.stderr?.on('data', (text: Buffer) => {
      if (said.length < 100) said.push(String(text))
      if (said.join('').includes('ready to accept connections')) resolve()
    })
  })
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null
}

/** The parent first, so that it starts no more; every one of its children is a process group of its own. */
function signalAll(server: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  if (server.pid === undefined || hasEnded(server)) return
  server.kill(signal)
  for (const pid of childrenOf(server.pid)) signalOne(pid, signal)
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended meanwhile.
    if (systemCode(error) !== 'ESRCH') throw error
  }
}

function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').map(Number)
  return pids.filter((pid) => Number.isInteger(pid) && parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}
