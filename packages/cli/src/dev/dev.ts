// "doorman dev": a realm, two services, a front page and the gateway, each on its own port, from one doorman.yaml.
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
import { buildDemoConfig } from './demo-config.ts'
import { type OpenRealm, openEmbeddedRealm, openRealKeycloak, type RunningRealm } from './demo-realm.ts'
import { ACCOUNT, createDemoService, HELLO } from './demo-services.ts'
import { createFrontPage } from './front-page.ts'
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
  readonly print: (line: string) => void
}

export interface DevOptions extends DemoOptions {
  /** A real Keycloak instead of the embedded realm. */
  readonly usesKeycloak: boolean
  /** Makes the journey in the terminal and ends. */
  readonly walks: boolean
}

export interface RunningDemo {
  readonly publicUrl: string
  readonly realm: RunningRealm
  close(): Promise<void>
}

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
    const file = await writeDemoFiles(options.folder, realm, {
      publicUrl,
      listen: formatListenAddress(address),
      operatorPort: await ports.pick(),
      frontPageUrl: await serve(createFrontPage()),
      helloUrl: await serve(createDemoService(HELLO)),
      accountUrl: await serve(createDemoService(ACCOUNT)),
    })
    const gateway = await startGateway(file, options)
    closing.push(() => gateway.close())
    return { publicUrl, realm, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function startGateway(file: string, { logLevel, print }: DemoOptions) {
  const reading = readConfig(file, process.env)
  if (reading.kind === 'invalid') throw new Error(reading.problems.map(formatProblem).join('\n'))
  for (const warning of reading.warnings) print(`warning: ${formatProblem(warning)}`)
  return openGateway(reading.config, { logLevel })
}

async function writeDemoFiles(
  folder: string,
  realm: RunningRealm,
  addresses: Parameters<typeof buildDemoConfig>[1],
): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await writeFile(join(folder, 'client-secret'), realm.clientSecret, { mode: 0o600 })
  const file = join(folder, 'doorman.yaml')
  await writeFile(file, buildDemoConfig(realm, addresses))
  return file
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Unlike death by a signal, leaving like this takes a Keycloak along that is still starting. */
function leaveAtOnce(): never {
  process.exit(1)
}

/** Runs until a signal ends it, or until the walk is over. The result is the exit code. */
export async function runDev(options: DevOptions): Promise<number> {
  for (const signal of SIGNALS) process.on(signal, leaveAtOnce)
  const demo = await startDemo(options, options.usesKeycloak ? openRealKeycloak : openEmbeddedRealm)
  try {
    if (options.walks) return (await takeWalk(demo, options.print)) ? 0 : 1
    options.print(`
  Doorman demo   ${demo.publicUrl}
  realm          ${demo.realm.issuer}
  log in as      ${demo.realm.hint}
  configuration  ${join(options.folder, 'doorman.yaml')}

  Ctrl-C ends it.
`)
    await new Promise<void>((resolve) => {
      for (const signal of SIGNALS) process.off(signal, leaveAtOnce).once(signal, () => resolve())
    })
    return 0
  } finally {
    for (const signal of SIGNALS) process.off(signal, leaveAtOnce)
    await demo.close()
  }
}

function takeWalk(demo: RunningDemo, print: (line: string) => void): Promise<boolean> {
  const { person, administrator } = demo.realm
  return walk({ publicUrl: demo.publicUrl, person, administrator, print })
}
