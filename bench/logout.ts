// How soon a session that the realm has ended is refused everywhere: from before the realm signs its logout token to the
// last 401 of three gateway processes, one of which is told by the realm. Their caches would hold the session for an hour.
// `npm run bench:logout -- [--logouts 200] [--json]`; fails where the promise is broken.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type DevRealm, startDevRealm } from '@doorman/dev-realm'
import { Client } from 'undici'
import { findFreePort } from '../packages/gateway/test/support/servers/free-port.ts'
import { compileServers } from './compile.ts'
import { type MeasuredServer, startServer } from './measured-process.ts'
import { logIn } from './realm.ts'
import { quantile } from './statistics.ts'
import { type BenchStore, startStores } from './store-servers.ts'
import { SEALING_KEY } from './stored-sessions.ts'

const REPLICAS = 3
const PROMISED_MILLISECONDS = 1000
const POLL_MILLISECONDS = 1
/** A store that looks for changes at intervals is met at any point of one. */
const MOST_PAUSE_MILLISECONDS = 300
const MAX_LOGOUTS = 100_000
const ACCESS_TOKEN_SECONDS = 36_000
const PAGE = '/private/hello'
const CLIENT = { clientId: 'bench', secret: 'bench-client-secret' }

const { values } = parseArgs({
  options: { logouts: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
})
const logouts = Number(values.logouts)
if (!Number.isInteger(logouts) || logouts < 1 || logouts > MAX_LOGOUTS) throw new RangeError(`1 to ${MAX_LOGOUTS}`)

function say(text: string): void {
  if (!values.json) process.stderr.write(`${text}\n`)
}

/** Gateways on one store under one address, which is the first one's: the realm tells that one. */
interface Replicas {
  readonly origin: string
  readonly clients: readonly Client[]
  stop(): Promise<void>
}

async function startReplicas(store: BenchStore, realm: DevRealm, upstream: string, folder: string): Promise<Replicas> {
  const ports = await Promise.all(Array.from({ length: REPLICAS }, () => findFreePort()))
  const origin = `http://127.0.0.1:${ports[0]}`
  realm.directory.setClient({
    ...CLIENT,
    redirectUris: [`${origin}/auth/callback`],
    backchannelLogoutUri: `${origin}/auth/backchannel-logout`,
    backchannelLogoutSessionRequired: true,
  })
  const servers: MeasuredServer[] = []
  for (const port of ports) {
    const file = join(folder, `${store.name}-${port}.yaml`)
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(buildConfig(store, realm, { port, origin, upstream })))
    servers.push(await startServer('dist/doorman.js', [file], join(folder, `${store.name}-${port}.log`)))
  }
  const clients = servers.map((server) => new Client(server.origin))
  return {
    origin,
    clients,
    async stop() {
      await Promise.all(clients.map((client) => client.destroy()))
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

interface Places {
  readonly port: number
  readonly origin: string
  readonly upstream: string
}

function buildConfig(store: BenchStore, realm: DevRealm, { port, origin, upstream }: Places) {
  const { clientId, secret } = CLIENT
  return {
    publicUrl: origin,
    listen: `127.0.0.1:${port}`,
    operator: { listen: '127.0.0.1:0' },
    realms: { main: { issuer: realm.issuer, clientId, clientAuth: { secret } } },
    session: { store: store.address, cacheAge: '1h' },
    keys: [SEALING_KEY],
    login: { limit: false },
    services: { api: { url: upstream, credential: 'accessToken' } },
    routes: [{ path: '/private/*', service: 'api', require: { login: true } }],
  }
}

async function statusOf(client: Client, origin: string, cookie: string): Promise<number> {
  const headers = { host: new URL(origin).host, cookie }
  const { statusCode, body } = await client.request({ method: 'GET', path: PAGE, headers })
  await body.dump()
  return statusCode
}

/** The time at which it has answered 401. */
async function untilOut(client: Client, origin: string, cookie: string): Promise<number> {
  for (;;) {
    const status = await statusOf(client, origin, cookie)
    if (status === 401) return performance.now()
    if (status !== 200) throw new Error(`answered ${status}`)
    await wait(POLL_MILLISECONDS)
  }
}

/** Milliseconds from the realm's end of one session to the last replica's refusal. */
async function measureLogout({ origin, clients }: Replicas, realm: DevRealm): Promise<number> {
  const cookie = await logIn(`${origin}/auth/login?return_to=${PAGE}`, origin + PAGE)
  const sid = realm.sessions().at(-1)?.sid ?? ''
  for (const client of clients) {
    if ((await statusOf(client, origin, cookie)) !== 200) throw new Error('no session')
  }
  await wait(Math.random() * MOST_PAUSE_MILLISECONDS)
  const startedAt = performance.now()
  const ended = realm.endSession(sid)
  const times = await Promise.all(clients.map((client) => untilOut(client, origin, cookie)))
  await ended
  return Math.max(...times) - startedAt
}

async function measureStore(store: BenchStore, realm: DevRealm, upstream: string, folder: string) {
  say(`${store.name}: ${logouts} logouts`)
  const replicas = await startReplicas(store, realm, upstream, folder)
  try {
    const millis: number[] = []
    for (let count = 0; count < logouts; count += 1) millis.push(await measureLogout(replicas, realm))
    const [p50, p99, max] = [quantile(millis, 0.5), quantile(millis, 0.99), Math.max(...millis)]
    return { store: store.name, logouts, p50, p99, max }
  } finally {
    await replicas.stop()
  }
}

compileServers()
const folder = mkdtempSync(join(tmpdir(), 'doorman-bench-'))
const realm = await startDevRealm({ clients: [], settings: { accessTokenSeconds: ACCESS_TOKEN_SECONDS } })
const upstream = await startServer('dist/upstream.js', [])
const stores = await startStores()
try {
  const rows = []
  for (const store of stores) rows.push(await measureStore(store, realm, upstream.origin, folder))
  if (values.json) console.log(JSON.stringify({ replicas: REPLICAS, rows }, null, 2))
  else {
    console.log(`| ${REPLICAS} replicas, ${logouts} logouts | p50 ms | p99 ms | max ms |\n|---|---|---|---|`)
    for (const { store, p50, p99, max } of rows) {
      console.log(`| ${store} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${max.toFixed(1)} |`)
    }
  }
  if (rows.some(({ p99 }) => p99 >= PROMISED_MILLISECONDS)) process.exitCode = 1
} finally {
  await Promise.all([upstream.stop(), realm.close(), ...stores.map((store) => store.close())])
  rmSync(folder, { recursive: true })
}
