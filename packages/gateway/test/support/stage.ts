// Everything real on one stage: a development realm, an upstream, one or more gateways, and what stands before them.
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DevRealm, type RealmSettings, startDevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { Agent } from 'undici'
import type { GatewayConfig } from '../../src/config/gateway-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type Gateway, type GatewayOptions, openGateway } from '../../src/gateway.ts'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { openFront } from './front.ts'
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.ts'
import { createTestUpstream, type TestUpstream } from './test-upstream.ts'

export interface StageOptions {
  /** `tls`: https outside, a terminating proxy before the gateway. */
  readonly front: 'direct' | 'tls'
  /** Gateways on one SQLite file behind one address; each connection goes to the next one. Default 1. */
  readonly replicas?: number
  readonly realm?: Partial<RealmSettings>
  /** Opens the way by which the gateways reach the realm, and says where it begins. Default: the realm itself. */
  readonly backchannel?: (realmUrl: string) => Promise<string>
  /** YAML added at the end of the configuration. */
  readonly config?: string
  /** YAML inside `session`, beside the store. */
  readonly session?: string
  /** The routes' YAML. Default: `/public/*` for anybody, `/api/*` logged in, `/admin/*` for admins. */
  readonly routes?: string
  readonly gateway?: GatewayOptions
}

export interface Stage {
  readonly publicUrl: string
  readonly realm: DevRealm
  readonly upstream: TestUpstream
  readonly gateways: readonly Gateway[]
  readonly events: readonly GatewayEvent[]
  readonly folder: string
  readonly config: GatewayConfig
  url(path: string): string
  /** A browser with an empty cookie jar that trusts the stage's certificate. */
  browser(): Browser
  /** A browser in which somebody has logged in. */
  loggedIn(username?: string): Promise<Browser>
  /** What all gateways have logged so far; lines are written in batches, so close the gateways first. */
  log(): Promise<string>
  /** Ends a gateway as SIGTERM does, and starts another one in its place. */
  restart(index: number): Promise<void>
  close(): Promise<void>
}

export const CLIENT_ID = 'web-gateway'
export const CLIENT_SECRET = 'canary-client-secret'

const DEFAULT_ROUTES = `
  - { path: "/public/*", service: api, require: none, credential: none }
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/page/*", service: api, require: { login: true } }
`

/** What a stage has before there is a gateway. */
export type Ground = Pick<
  Stage,
  'publicUrl' | 'realm' | 'upstream' | 'folder' | 'url' | 'browser' | 'loggedIn' | 'close'
> & {
  /** The text of `doorman.yaml`; its relative paths start at `folder`. */
  readonly yaml: string
  /** Where connections go: ports of gateways. */
  aim(ports: readonly number[]): void
  /** Cuts the browsers' connections, for which a gateway that ends would wait. */
  disconnect(): Promise<void>
}

export async function openGround(options: Omit<StageOptions, 'replicas' | 'gateway'>): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'doorman-stage-'))
  const front = await openFront(options.front)
  const publicUrl = `${options.front === 'tls' ? 'https' : 'http'}://localhost:${front.port}`
  const realm = await startDevRealm({
    clients: [
      {
        clientId: CLIENT_ID,
        secret: CLIENT_SECRET,
        redirectUris: [`${publicUrl}/auth/callback`],
        postLogoutRedirectUris: [`${publicUrl}/auth/logged-out`],
      },
    ],
    settings: options.realm ?? {},
  })
  const upstream = await createTestUpstream()
  const backchannelUrl = (await options.backchannel?.(realm.url)) ?? null
  const dispatcher = new Agent({ connect: { ca: LOOPBACK_CERTIFICATE } })
  const browser = () => createBrowser({ dispatcher })
  const url = (path: string) => `${publicUrl}${path}`
  return {
    publicUrl,
    realm,
    upstream,
    folder,
    yaml: buildYaml(options, { publicUrl, issuer: realm.issuer, upstream: upstream.origin, backchannelUrl }),
    aim: front.aim,
    url,
    browser,
    async loggedIn(username = 'alice') {
      const visitor = browser()
      await visitor.logIn(url('/auth/login'), { username, password: '' })
      return visitor
    },
    async disconnect() {
      await dispatcher.destroy()
      await front.close()
    },
    async close() {
      await upstream.close()
      await realm.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts the parts; `close` ends them in the opposite order. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const ground = await openGround(options)
  const { folder } = ground
  const config = readStageConfig(ground.yaml, folder)
  const events: GatewayEvent[] = []
  const logFile = join(folder, 'gateway.log')
  const start = async () => {
    const gateway = await openGateway(config, {
      logLevel: 'debug',
      logDestination: openSync(logFile, 'a'),
      ...options.gateway,
    })
    gateway.events.subscribe((event) => events.push(event))
    return gateway
  }
  const gateways = await Promise.all(Array.from({ length: options.replicas ?? 1 }, start))
  const aim = () => ground.aim(gateways.map(({ publicAddress }) => publicAddress.port))
  aim()
  return {
    ...ground,
    gateways,
    events,
    config,
    log: () => readFile(logFile, 'utf8'),
    async restart(index) {
      await gateways[index]?.close()
      gateways[index] = await start()
      aim()
    },
    async close() {
      await ground.disconnect()
      await Promise.all(gateways.map((gateway) => gateway.close()))
      await ground.close()
    },
  }
}

/** Each scenario as it is for a browser that talks to the gateway, and behind a proxy that ends TLS. */
export const FRONTS = ['direct', 'tls'] as const

function readStageConfig(yaml: string, folder: string): GatewayConfig {
  const reading = parseConfig(yaml, { file: 'stage.yaml', env: {}, folder })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  return reading.config
}

interface Places {
  readonly publicUrl: string
  readonly issuer: string
  readonly upstream: string
  readonly backchannelUrl: string | null
}

function buildYaml(
  options: Pick<StageOptions, 'front' | 'session' | 'routes' | 'config'>,
  { publicUrl, issuer, upstream, backchannelUrl }: Places,
): string {
  return `
publicUrl: ${publicUrl}
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
trustedProxies: ${options.front === 'tls' ? '[127.0.0.1]' : '[]'}
realms:
  main:
    issuer: ${issuer}
    clientId: ${CLIENT_ID}
    clientAuth: { secret: ${CLIENT_SECRET} }
    ${backchannelUrl === null ? '' : `backchannelUrl: ${backchannelUrl}`}
session: { store: "sqlite:store/doorman.db", ${options.session ?? ''} }
keys: ["\${file:store/keys}"]
services:
  api: { url: "${upstream}", credential: accessToken }
routes: ${options.routes ?? DEFAULT_ROUTES}
${options.config ?? ''}
`
}
