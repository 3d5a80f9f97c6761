// What each store costs: warm requests beside a bare pass-through, cold reads, logins and renewals, room for sessions.
// `npm run bench:stores -- [--rounds 5] [--seconds 2] [--sessions 100000] [--json]`
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBrowser } from '@doorman/dev-realm/browser'
import { findFreePort } from '../packages/gateway/test/support/servers/free-port.ts'
import type { Candidate } from './candidates.ts'
import { compileServers } from './compile.ts'
import { startLoadGenerator } from './load-generator.ts'
import { type MeasuredServer, startServer } from './measured-process.ts'
import { type BenchRealm, logIn, startRealm } from './realm.ts'
import { measureRest, runRound } from './rounds.ts'
import { type Round, summarize } from './statistics.ts'
import { type BenchStore, startStores } from './store-servers.ts'
import { openStoredSessions, SEALING_KEY, writeCookies } from './stored-sessions.ts'
import { formatTable } from './table.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    sessions: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, seconds, many] = [values.rounds, values.seconds, values.sessions].map(Number) as [number, number, number]
if (![rounds, seconds, many].every((count) => Number.isInteger(count) && count > 0 && count <= 1_000_000)) {
  throw new RangeError('expected whole numbers')
}

const FEW = 1000
const COLD_READS = 2000
const LOGINS = 200
const BYTES_PER_MIB = 1024 * 1024

interface Line {
  readonly store: BenchStore
  readonly server: MeasuredServer
  readonly port: string
  readonly cookie: string
}

function say(text: string): void {
  if (!values.json) process.stderr.write(`${text}\n`)
}

async function startGateway(store: BenchStore, port: number, realm: BenchRealm, upstream: string, folder: string) {
  const isShared = store.name !== 'SQLite'
  const limit = { rate: '999999999/d', by: 'session', ...(isShared ? { shared: true } : {}) }
  const config = {
    publicUrl: `http://127.0.0.1:${port}`,
    listen: `127.0.0.1:${port}`,
    operator: { listen: '127.0.0.1:0' },
    realms: { main: { issuer: realm.issuer, clientId: realm.clientId, clientAuth: { secret: realm.secret } } },
    session: { store: store.address, cachedSessions: many * 2, cacheAge: '1d' },
    keys: [SEALING_KEY],
    login: { limit: false },
    services: { api: { url: upstream, credential: 'accessToken' } },
    routes: [
      { path: '/private/*', service: 'api', require: { login: true } },
      { path: '/private/limited/*', service: 'api', require: { login: true }, limit },
    ],
  }
  const file = join(folder, `${store.name}.yaml`)
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const server = await startServer('dist/doorman.js', [file], join(folder, `${store.name}.log`))
  const page = `${server.origin}/private/hello`
  const cookie = await logIn(`${server.origin}/auth/login?return_to=/private/hello`, page)
  return { store, server, port: String(port), cookie }
}

/** CPU microseconds of the gateway for one login, and for one renewal of its tokens. */
async function measureLogins({ server }: Line): Promise<{ readonly login: number; readonly refresh: number }> {
  const browsers = Array.from({ length: LOGINS }, () => createBrowser())
  const person = { username: 'alice', password: 'alice' }
  const cpuOf = async (work: () => Promise<void>) => {
    const before = await server.cpuMicros()
    await work()
    return ((await server.cpuMicros()) - before) / LOGINS
  }
  const login = await cpuOf(async () => {
    for (const browser of browsers) await browser.logIn(`${server.origin}/auth/login?return_to=/auth/user`, person)
  })
  const refresh = await cpuOf(async () => {
    for (const browser of browsers) {
      const { status } = await browser.fetch(`${server.origin}/auth/refresh`, { method: 'POST' })
      if (status !== 200) throw new Error(`refresh: ${status}`)
    }
  })
  return { login, refresh }
}

async function measureStore({ store }: Line, issuer: string) {
  const sessions = await openStoredSessions(store.address)
  try {
    const before = await store.bytes()
    const startedAt = performance.now()
    const ids = await sessions.open(many, issuer)
    const perSecond = many / ((performance.now() - startedAt) / 1000)
    const bytes = (await store.bytes()) - before
    const cold = await sessions.readCold(ids.slice(0, COLD_READS))
    return { ids, created: perSecond, mib: bytes / BYTES_PER_MIB, cold }
  } finally {
    await sessions.close()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'doorman-bench-'))
compileServers()
const stores = await startStores()
const generator = startLoadGenerator()
const upstream = await startServer('dist/upstream.js', [])
const floor = await startServer('dist/floor.js', [upstream.origin])
const ports = await Promise.all(stores.map(() => findFreePort()))
const realm = await startRealm(ports.map((port) => `http://127.0.0.1:${port}/auth/callback`))
const lines: Line[] = []
for (const [index, store] of stores.entries()) {
  lines.push(await startGateway(store, ports[index] ?? 0, realm, upstream.origin, folder))
}

try {
  const candidates: Candidate[] = [{ name: 'floor', server: floor, path: '/public/hello', headers: {} }]
  const facts = []
  for (const line of lines) {
    const { name } = line.store
    say(`${name}: logins, then ${many} sessions`)
    const logins = await measureLogins(line)
    const { ids, ...fact } = await measureStore(line, realm.issuer)
    facts.push({ store: name, ...logins, ...fact })
    const files = { few: join(folder, `${name}-few`), many: join(folder, `${name}-many`) }
    writeCookies(files.few, ids.slice(0, FEW), line.port)
    writeCookies(files.many, ids, line.port)
    const { server, cookie } = line
    const path = '/private/hello'
    candidates.push(
      { name: `${name}, one warm session`, server, path, headers: { cookie } },
      { name: `${name}, ${FEW} sessions in turn`, server, path, headers: {}, cookieFile: files.few },
      { name: `${name}, ${many} sessions in turn`, server, path, headers: {}, cookieFile: files.many },
      { name: `${name}, with a limit`, server, path: '/private/limited/hello', headers: { cookie } },
    )
    say(`${name}: every session once, so that all are warm`)
    const once = { kind: 'requests', amount: many, connections: 32, url: server.origin + path, headers: {} } as const
    await generator.run({ ...once, cookieFile: files.many })
  }
  const memories = await measureRest(generator, candidates)
  const results: (readonly Round[])[] = []
  for (let first = 0; first < rounds; first += 1) {
    say(`round ${first + 1} of ${rounds}`)
    results.push(await runRound(generator, candidates, { seconds, first }))
  }
  const roundsOf = (index: number) => results.flatMap((round) => round[index] ?? [])
  const rows = memories.map((memory, index) =>
    summarize(candidates[index]?.name ?? '', roundsOf(index), roundsOf(0), memory),
  )
  if (values.json) console.log(JSON.stringify({ rows, stores: facts }, null, 2))
  else {
    console.log(`${formatTable(rows)}\n`)
    for (const { store, login, refresh, created, mib, cold } of facts) {
      console.log(
        `${store}: ${Math.round(1e6 / login)} logins and ${Math.round(1e6 / refresh)} renewals a CPU second of the ` +
          `gateway; ${Math.round(created)} sessions made a second; cold read ${cold.micros.toFixed(0)} us ` +
          `(${cold.cpuMicros.toFixed(0)} us CPU); ${mib.toFixed(0)} MiB for ${many} sessions`,
      )
    }
  }
} finally {
  await Promise.all([generator.stop(), floor.stop(), ...lines.map(({ server }) => server.stop())])
  await Promise.all([upstream.stop(), realm.close(), ...stores.map((store) => store.close())])
  rmSync(folder, { recursive: true })
}
