// What an open stream of events costs one gateway in memory, each for a session of its own, and how soon all of them
// hear that their sessions have ended. `npm run bench:streams -- [--streams 10000] [--json]`
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { wait } from '../packages/gateway/src/kernel/wait.ts'
import { findFreePort } from '../packages/gateway/test/support/servers/free-port.ts'
import { compileServers } from './compile.ts'
import { type MeasuredServer, startServer } from './measured-process.ts'
import { openStoredSessions, SEALING_KEY, type StoredSessions } from './stored-sessions.ts'

const MAX_STREAMS = 100_000
const AT_ONCE = 200
const ISSUER = 'http://127.0.0.1:9/realms/main'
/** Until what opening has left behind is collected. */
const REST_SECONDS = 3
const BYTES_PER_KIB = 1024

const { values } = parseArgs({
  options: { streams: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } },
})
const count = Number(values.streams)
if (!Number.isInteger(count) || count < 1 || count > MAX_STREAMS) throw new RangeError(`1 to ${MAX_STREAMS} streams`)

function say(text: string): void {
  if (!values.json) process.stderr.write(`${text}\n`)
}

async function startGateway(folder: string, store: string): Promise<MeasuredServer> {
  const port = await findFreePort()
  const file = join(folder, 'doorman.yaml')
  const config = {
    publicUrl: `http://127.0.0.1:${port}`,
    listen: `127.0.0.1:${port}`,
    operator: { listen: '127.0.0.1:0' },
    realms: { main: { issuer: ISSUER, clientId: 'bench', clientAuth: { secret: 'bench-client-secret' } } },
    session: { store, cachedSessions: count * 2, cacheAge: '1h' },
    keys: [SEALING_KEY],
    services: { api: { url: 'http://127.0.0.1:9', credential: 'none' } },
    routes: [{ path: '/api/*', service: 'api', require: { login: true } }],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return startServer('dist/doorman.js', [file], join(folder, 'doorman.log'))
}

/** A connection that has been answered; what it hears next is the end. */
async function ask(url: URL, sessionId: string): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname)
  const cookie = `doorman-${url.port}=${sessionId}`
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncookie: ${cookie}\r\n\r\n`)
  const [answer]: Buffer[] = await once(socket, 'data')
  if (answer?.toString('latin1', 9, 12) !== '200') throw new Error(`answered ${answer?.toString('latin1', 0, 40)}`)
  socket.resume()
  return socket
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const done: Result[] = []
  for (let start = 0; start < items.length; start += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))))
  }
  return done
}

async function kibibytes(server: MeasuredServer): Promise<number> {
  await wait(REST_SECONDS)
  const { residentBytes, proportionalBytes } = await server.memory()
  return (proportionalBytes ?? residentBytes) / BYTES_PER_KIB
}

/** Milliseconds from the first end to the last stream's word of it; another process has ended them. */
async function endAll({ store }: StoredSessions, sockets: readonly Socket[]): Promise<number> {
  const { keys } = await store.list(null, count)
  const told = Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.on('data', (data) => data.includes('session-ended') && resolve())
        }),
    ),
  )
  const startedAt = performance.now()
  await inBatches(keys, (key) => store.delete(key, 'administrator'))
  await told
  return performance.now() - startedAt
}

compileServers()
const folder = mkdtempSync(join(tmpdir(), 'doorman-streams-'))
const address = `sqlite:${join(folder, 'bench.db')}`
const stored = await openStoredSessions(address)
say(`making ${count} sessions`)
const ids = await stored.open(count, ISSUER)
const server = await startGateway(folder, address)
try {
  const resting = await kibibytes(server)
  say('each session asks once')
  const askOnce = async (id: string) => (await ask(new URL('/auth/user?slide=false', server.origin), id)).destroy()
  await inBatches(ids, askOnce)
  const hot = await kibibytes(server)
  say('each session opens a stream')
  const cpuBefore = await server.cpuMicros()
  const sockets = await inBatches(ids, (id) => ask(new URL('/auth/events', server.origin), id))
  const cpu = ((await server.cpuMicros()) - cpuBefore) / count
  const streaming = await kibibytes(server)
  say('all sessions end')
  const endMillis = await endAll(stored, sockets)
  for (const socket of sockets) socket.destroy()
  const rows = [
    { what: 'gateway at rest, MiB', value: resting / 1024 },
    { what: 'one hot session, KiB', value: (hot - resting) / count },
    { what: 'one open stream beside it, KiB', value: (streaming - hot) / count },
    { what: 'gateway with all of them, MiB', value: streaming / 1024 },
    { what: 'opening one, microseconds of CPU', value: cpu },
    { what: 'all sessions deleted by another process, milliseconds until the last stream has heard', value: endMillis },
  ]
  if (values.json) console.log(JSON.stringify({ streams: count, rows }, null, 2))
  else {
    console.log(`| ${count} streams | |\n|---|---|`)
    for (const { what, value } of rows) console.log(`| ${what} | ${value.toFixed(1)} |`)
  }
} finally {
  await server.stop()
  await stored.close()
  rmSync(folder, { recursive: true })
}
