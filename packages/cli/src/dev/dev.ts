// "doorman dev": two realms, services, a front page and the gateway, each on its own port, from one doorman.yaml.
import { openSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { join } from 'node:path'
import {
  formatListenAddress,
  formatProblem,
  type ListenAddress,
  type LogLevel,
  openGateway,
  readConfig,
} from '@doorman/gateway'
import { buildDemoConfig, type DemoAddresses, type DemoRealms } from './demo-config.ts'
import { type OpenRealm, openEmbeddedRealm, openRealKeycloak, type RunningRealm, SECRET_SUFFIX } from './demo-realm.ts'
import type { ServiceState, ServiceStates } from './demo-services.ts'
import { startExampleServices } from './example-services.ts'
import { createFrontPage } from './front-page.ts'
import { type AccountService, createAccount, createHello, createModelServer } from './own-services.ts'
import { close, createPortPicker, listen } from './ports.ts'
import { walk } from './walk.ts'

export interface DemoOptions {
  /** The first port to try; each part takes the next free one. */
  readonly port: number
  /** Where the demo keeps its doorman.yaml, store and keys; made anew at each start. */
  readonly folder: string
  /** `DOORMAN_LISTEN`, for containers: another address for the gateway; browsers then use its port. */
  readonly listen: ListenAddress | undefined
  readonly logLevel: LogLevel
  /** Where the gateway's log goes, in `folder`. Default: the standard output. */
  readonly logFile?: string
  /** Where the example services are; those that are not there are left out. */
  readonly examples: string
  readonly print: (line: string) => void
}

export interface DevOptions extends DemoOptions {
  /** A real Keycloak instead of the embedded realm. */
  readonly usesKeycloak: boolean
  /** Makes the journey in the terminal and ends. */
  readonly walks: boolean
  /** Whether the walk goes well without a service that cannot run here. */
  readonly leavesOut: boolean
}

export interface RunningDemo {
  readonly publicUrl: string
  readonly realm: RunningRealm
  /** What has become of each service. */
  states(): ServiceStates
  /** Resolves when no service is starting any more. */
  readonly settled: Promise<void>
  /** What no service should do with a token it was sent. */
  readonly lastInternalToken: AccountService['lastInternalToken']
  close(): Promise<void>
}

const RUNNING: ServiceState = { kind: 'running' }

export async function startDemo(options: DemoOptions, openRealm: OpenRealm): Promise<RunningDemo> {
  const { print } = options
  const ports = createPortPicker(options.port, (port) => print(`port ${port} is taken, using another one`))
  const closing: (() => Promise<void>)[] = []
  const closeAll = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const address = options.listen ?? { host: '127.0.0.1', port: await ports.pick() }
    const publicUrl = `http://localhost:${address.port}`
    const realm = await openRealm({ publicUrl, print, pickPort: ports.pick })
    closing.push(() => realm.close())
    const serve = async (server: Server) => {
      const url = `http://localhost:${await listen(server, await ports.pick())}`
      closing.push(() => close(server))
      return url
    }
    const issuers = { publicUrl, main: realm.issuer, models: realm.modelsIssuer }
    const examples = await startExampleServices({ folder: options.examples, issuers, pickPort: ports.pick, print })
    closing.push(() => examples.close())
    const account = createAccount(issuers)
    const own = new Map([
      ['hello', await serve(createHello())],
      ['account', await serve(account.server)],
      ['llm', await serve(createModelServer(issuers))],
    ])
    const states = () => new Map([...[...own.keys()].map((name) => [name, RUNNING] as const), ...examples.states()])
    const file = await writeDemoFiles(options.folder, issuers, {
      publicUrl,
      listen: formatListenAddress(address),
      operatorPort: await ports.pick(),
      frontPageUrl: await serve(createFrontPage(states)),
      services: new Map([...own, ...examples.urls]),
    })
    const gateway = await startGateway(file, options)
    closing.push(() => gateway.close())
    const { settled } = examples
    return { publicUrl, realm, states, settled, lastInternalToken: account.lastInternalToken, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function startGateway(file: string, { folder, logFile, logLevel, print }: DemoOptions) {
  const reading = readConfig(file, process.env)
  if (reading.kind === 'invalid') throw new Error(reading.problems.map(formatProblem).join('\n'))
  // The demo is one process: that each counts by itself is as it should be.
  const warnings = reading.warnings.filter(({ key }) => !key.endsWith('.limit'))
  for (const warning of warnings) print(`warning: ${formatProblem(warning)}`)
  const log = logFile === undefined ? {} : { logDestination: openSync(join(folder, logFile), 'a', 0o600) }
  return openGateway(reading.config, { logLevel, ...log })
}

async function writeDemoFiles(folder: string, realms: DemoRealms, addresses: DemoAddresses): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await writeFile(join(folder, 'client-secret'), `web-gateway${SECRET_SUFFIX}`, { mode: 0o600 })
  await writeFile(join(folder, 'models-client-secret'), `model-gateway${SECRET_SUFFIX}`, { mode: 0o600 })
  const file = join(folder, 'doorman.yaml')
  await writeFile(file, buildDemoConfig(realms, addresses))
  return file
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Of a walk, whose own lines are enough to read. */
const LOG_FILE = 'doorman.log'

/** Unlike death by a signal, leaving like this takes a Keycloak along that is still starting. */
function leaveAtOnce(): never {
  process.exit(1)
}

/** Runs until a signal ends it, or until the walk is over. The result is the exit code. */
export async function runDev(options: DevOptions): Promise<number> {
  for (const signal of SIGNALS) process.on(signal, leaveAtOnce)
  const openRealm = options.usesKeycloak ? openRealKeycloak : openEmbeddedRealm
  const demo = await startDemo(options.walks ? { ...options, logFile: LOG_FILE } : options, openRealm)
  try {
    if (options.walks) return (await takeWalk(demo, options)) ? 0 : 1
    options.print(`
  Doorman demo   ${demo.publicUrl}
  realm          ${demo.realm.issuer}
  log in as      ${demo.realm.hint}
  configuration  ${join(options.folder, 'doorman.yaml')}

  Ctrl-C ends it.
`)
    const signalled = new Promise<'signalled'>((resolve) => {
      for (const signal of SIGNALS) process.off(signal, leaveAtOnce).once(signal, () => resolve('signalled'))
    })
    const settled = await Promise.race([demo.settled, signalled])
    if (settled !== 'signalled') for (const line of describeServices(demo.states())) options.print(line)
    await signalled
    return 0
  } finally {
    for (const signal of SIGNALS) process.off(signal, leaveAtOnce)
    await demo.close()
  }
}

async function takeWalk(demo: RunningDemo, { folder, leavesOut, print }: DevOptions): Promise<boolean> {
  await demo.settled
  print(`Log and doorman.yaml are in ${folder}.`)
  const { publicUrl, realm, lastInternalToken } = demo
  const issuers = { publicUrl, main: realm.issuer, models: realm.modelsIssuer }
  return walk({ ...realm, issuers, lastInternalToken, states: demo.states(), leavesOut, print })
}

/** One line for those that run, one for each that does not. */
function describeServices(states: ServiceStates): readonly string[] {
  const named = [...states]
  const running = named.filter(([, { kind }]) => kind === 'running').map(([name]) => name)
  const leftOut = named.flatMap(([name, state]) =>
    state.kind === 'left-out' ? [`  ${name} is left out: ${state.because}`] : [],
  )
  return [`  services       ${running.join(', ')}`, ...leftOut]
}
