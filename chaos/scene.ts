// Everything a run needs, started in order and closed in the opposite one: store, service, realm, gateways, browsers.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browsers, createBrowsers, PUBLIC_URL } from './browsers.ts'
import type { WorkerReport } from './gateway-worker.ts'
import { type Gateways, startGateways } from './gateways.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { ChaosOptions, StoreKind } from './options.ts'
import { createPlan, type Plan } from './plan.ts'
import { createRandom } from './random.ts'
import { type ChaosRealm, CLIENT_ID, CLIENT_SECRET, startRealm } from './realm.ts'
import { type ChaosStore, startStore } from './stores.ts'
import { type Counter, createCounter } from './tally.ts'
import { startUpstream } from './upstream.ts'

export interface SceneOptions extends Omit<ChaosOptions, 'stores' | 'isJson'> {
  readonly store: StoreKind
  readonly say: (text: string) => void
}

export interface Scene {
  readonly plan: Plan
  readonly store: ChaosStore
  readonly ledger: Ledger
  readonly counter: Counter
  readonly realm: ChaosRealm
  readonly gateways: Gateways
  readonly browsers: Browsers
  /** Says what deserves a line of its own. */
  readonly complain: (what: string) => void
  /** Where the gateways write their log; stays when `close` is not told to remove it. */
  readonly folder: string
  close(keepsFolder: boolean): Promise<void>
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const closing: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    return await open(options, closing, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function open(
  options: SceneOptions,
  closing: (() => Promise<unknown>)[],
  closeAll: () => Promise<void>,
): Promise<Scene> {
  const { seed, say } = options
  const store = await startStore(options.store)
  closing.push(store.close)
  const upstream = await startUpstream()
  closing.push(upstream.close)
  const plan = createPlan(seed, { storeFaults: Object.keys(store.faults), hasOwnClock: store.hasOwnClock })
  const counter = createCounter()
  const ledger = createLedger(options.reuse, plan.round)
  const complain = (what: string) => say(`round ${ledger.rounds()}: ${what}`)
  const found: { gateways?: Gateways } = {}
  const ownerOf: Gateways['ownerOf'] = (port) => found.gateways?.ownerOf(port) ?? null
  const realm = await startRealm({ ...options, publicUrl: PUBLIC_URL, ledger, counter, ownerOf })
  closing.push(() => realm.realm.close())
  const folder = await mkdtemp(join(tmpdir(), 'doorman-chaos-'))
  const configFile = join(folder, 'doorman.yaml')
  const addresses = { issuer: realm.realm.issuer, store: store.address, upstream: upstream.origin }
  await writeFile(configFile, buildConfig(addresses), { mode: 0o600 })
  const gateways = await startGateways({
    count: options.processes,
    configFile,
    logFile: join(folder, 'gateway.log'),
    realmPort: realm.realm.port,
    random: createRandom(seed, 'processes'),
    onReport: createListener(ledger),
    onCrash(name) {
      counter.crashed()
      complain(`process ${name} has ended`)
    },
  })
  found.gateways = gateways
  closing.push(gateways.close)
  const browsers = createBrowsers(gateways)
  closing.push(browsers.close)
  return {
    ...{ plan, store, ledger, counter, realm, gateways, browsers, complain, folder },
    async close(keepsFolder) {
      await closeAll()
      if (!keepsFolder) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Gateways name sessions by handles, which change when sessions heal. */
function createListener(ledger: Ledger): (told: WorkerReport) => void {
  const people = new Map<string, string>()
  return (told) => {
    if (told.kind === 'logged-in') people.set(told.session, told.subject)
    if (told.kind === 'kept') ledger.keep(people.get(told.session) ?? '')
  }
}

function buildConfig(at: { readonly issuer: string; readonly store: string; readonly upstream: string }): string {
  return `
publicUrl: ${PUBLIC_URL}
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
realms:
  main:
    issuer: ${at.issuer}
    clientId: ${CLIENT_ID}
    clientAuth: { secret: ${CLIENT_SECRET} }
    # Longer than the lease, so that an answer may be.
    timeout: 20s
keys: [${randomBytes(32).toString('hex')}]
session: { store: "${at.store}" }
services:
  echo: { url: "${at.upstream}", credential: accessToken }
routes:
  - { path: "/api/*", service: echo, require: { login: true } }
  - { path: "/page/*", service: echo, require: { login: true } }
`
}
