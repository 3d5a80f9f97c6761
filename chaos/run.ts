// A run on one store: everything is started, everybody logs in, and then it goes wrong until there were enough rounds.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createBrowsers, PUBLIC_URL } from './browsers.ts'
import type { WorkerReport } from './gateway-worker.ts'
import { type Gateways, startGateways } from './gateways.ts'
import { createLedger } from './ledger.ts'
import type { ChaosOptions, StoreKind } from './options.ts'
import { createPace } from './pace.ts'
import { BLOCK_ROUNDS, createPlan } from './plan.ts'
import { createRandom } from './random.ts'
import { CLIENT_ID, CLIENT_SECRET, startRealm } from './realm.ts'
import { startStore } from './stores.ts'
import { createStriker, expectedSeconds, nameOf } from './strikes.ts'
import { createCounter, findFailures, type Tally } from './tally.ts'
import { startUpstream } from './upstream.ts'
import { createVisitor, type Visitor } from './visitor.ts'

export interface RunOptions extends Omit<ChaosOptions, 'stores' | 'isJson'> {
  readonly store: StoreKind
  readonly say: (text: string) => void
}

const LOGINS_AT_ONCE = 8
const LATE_ROUNDS_PER_SECOND = 2
const WATCH_MILLISECONDS = 100
/** A block without one round for so long will not get anywhere. */
const STUCK_SECONDS = 90

export async function runChaos(options: RunOptions): Promise<Tally> {
  const closing: (() => Promise<unknown>)[] = []
  try {
    return await run(options, closing)
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

async function run(options: RunOptions, closing: (() => Promise<unknown>)[]): Promise<Tally> {
  const { seed, say } = options
  const store = await startStore(options.store)
  closing.push(store.close)
  const upstream = await startUpstream()
  closing.push(upstream.close)
  const plan = createPlan(seed, { storeFaults: Object.keys(store.faults), hasOwnClock: store.hasOwnClock })
  const counter = createCounter()
  const ledger = createLedger(options.reuse, plan.round)
  let gateways: Gateways | undefined
  const realm = await startRealm({
    ...options,
    publicUrl: PUBLIC_URL,
    ledger,
    counter,
    ownerOf: (port) => gateways?.ownerOf(port) ?? null,
  })
  closing.push(() => realm.realm.close())
  const folder = await mkdtemp(join(tmpdir(), 'doorman-chaos-'))
  let isGood = false
  closing.push(async () => {
    if (isGood) await rm(folder, { recursive: true, force: true })
    else say(`the gateways' log is in ${folder}`)
  })
  const configFile = join(folder, 'doorman.yaml')
  const configText = buildConfig({ issuer: realm.realm.issuer, store: store.address, upstream: upstream.origin })
  await writeFile(configFile, configText, { mode: 0o600 })
  const complain = (what: string) => say(`round ${ledger.rounds()}: ${what}`)
  const people = new Map<string, string>()
  gateways = await startGateways({
    count: options.processes,
    configFile,
    logFile: join(folder, 'gateway.log'),
    realmPort: realm.realm.port,
    random: createRandom(seed, 'processes'),
    onReport(told: WorkerReport) {
      if (told.kind === 'logged-in') people.set(told.session, told.subject)
      if (told.kind === 'kept') ledger.keep(people.get(told.session) ?? '')
    },
    onCrash(name) {
      counter.crashed()
      complain(`process ${name} has ended`)
    },
  })
  closing.push(gateways.close)
  const browsers = createBrowsers(gateways)
  closing.push(browsers.close)
  const pace = createPace(createRandom(seed, 'pace'))
  closing.push(async () => pace.stop())
  const known = { gateways, ledger, counter, pace, complain }
  const visitors = realm.people.map((person) =>
    createVisitor({ ...known, person, browser: browsers.create(), random: createRandom(seed, person.username) }),
  )
  await logInAll(visitors)
  say(`${visitors.length} people have logged in`)

  const startedAt = performance.now()
  let isOver = false
  const visiting = Promise.all(visitors.map((visitor) => visitor.visit(() => isOver)))
  const failing = visiting.then(() => Promise.race([]))
  const striker = createStriker({ ...known, realm, store, random: createRandom(seed, 'strikes') })

  async function strikeBlock(block: number): Promise<void> {
    const strike = plan.strike(block)
    pace.setRate(BLOCK_ROUNDS / expectedSeconds(strike))
    await striker.strike(strike)
    counter.strike(nameOf(strike))
    say(`round ${ledger.rounds()}: ${nameOf(strike)}: over`)
  }

  async function untilRound(round: number): Promise<void> {
    let [last, changedAt] = [0, performance.now()]
    while (ledger.rounds() < round) {
      await pause(WATCH_MILLISECONDS)
      if (ledger.rounds() !== last) [last, changedAt] = [ledger.rounds(), performance.now()]
      if (performance.now() - changedAt > STUCK_SECONDS * 1000) throw new Error(`no round after round ${last}`)
    }
  }

  async function goThroughBlocks(): Promise<void> {
    for (let first = 0; first < options.rounds; first += BLOCK_ROUNDS) {
      const striking = strikeBlock(first / BLOCK_ROUNDS)
      await untilRound(Math.min(options.rounds, first + BLOCK_ROUNDS))
      pace.setRate(LATE_ROUNDS_PER_SECOND)
      await striking
    }
  }

  await Promise.race([goThroughBlocks(), failing])
  isOver = true
  realm.calm()
  pace.stop()
  await visiting
  const stillIn = await Promise.all(visitors.map((visitor) => visitor.isStillIn()))
  for (const isIn of stillIn) if (!isIn) counter.lost()
  const tally = counter.read((performance.now() - startedAt) / 1000)
  isGood = findFailures(tally).length === 0
  return tally
}

async function logInAll(visitors: readonly Visitor[]): Promise<void> {
  const waiting = visitors.values()
  const logInSome = async () => {
    for (const visitor of waiting) await visitor.logIn()
  }
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, logInSome))
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
