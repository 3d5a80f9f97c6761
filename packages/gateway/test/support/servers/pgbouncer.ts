// A real PgBouncer before a PostgreSQL: connections are dealt out by transaction.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOnPath, type Program, unpackedProgram } from './debian-packages.ts'
import { findFreePort } from './free-port.ts'
import { SERVER_USER } from './postgres-binaries.ts'
import { createServerProcess } from './server-process.ts'

const PACKAGES = ['pgbouncer', 'libc-ares2', 'libevent-2.1-7']

export interface PgBouncer {
  readonly url: string
  close(): Promise<void>
}

/** Undefined where there is none and Debian's packages cannot be had. */
export async function findPgBouncer(): Promise<Program | undefined> {
  const installed = findOnPath('pgbouncer')
  return installed === undefined ? unpackedProgram(PACKAGES, 'sbin/pgbouncer') : { file: installed, env: {} }
}

export async function startPgBouncer({ file, env }: Program, postgresUrl: string): Promise<PgBouncer> {
  const { port: toPort, username, password } = new URL(postgresUrl)
  const folder = mkdtempSync(join(tmpdir(), 'doorman-pgbouncer-'))
  const port = await findFreePort()
  const config = join(folder, 'pgbouncer.ini')
  writeFileSync(join(folder, 'users.txt'), `"${username}" "${password}"\n`)
  writeFileSync(
    config,
    `
[databases]
postgres = host=127.0.0.1 port=${toPort} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 5
server_login_retry = 1
`,
  )
  chmodSync(folder, 0o755)
  // It refuses to run as root, too.
  const runAs = SERVER_USER.uid ?? null
  const server = createServerProcess({ file, args: [config], env, port, runAs, isReady: async () => true })
  await server.start()
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${port}/postgres`,
    async close() {
      await server.stop('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
