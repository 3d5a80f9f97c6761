// A real Keycloak, an upstream, one or more gateways, and a back channel between them that counts. What a test changes
// in the realm is put back when the stage closes.
import { openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type Keycloak, setGatewayUrls } from '@doorman/dev-realm/keycloak'
import type { GatewayConfig } from '../../src/config/gateway-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type Gateway, openGateway } from '../../src/gateway.ts'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { type Backchannel, openBackchannel } from './backchannel.ts'
import type { FixedClock } from './fixed-clock.ts'
import { createShiftedClock, decode } from './flow.ts'
import { openFront } from './front.ts'
import { changeRealm, clientPath, type Representation, type Username } from './keycloak-realm.ts'
import { NETWORK_KEY } from './stage.ts'
import { createTestUpstream, type TestUpstream } from './test-upstream.ts'

export interface KeycloakStageOptions {
  /** Gateways on one store behind one address. Default 1. */
  readonly replicas?: number
  /** The address of the store. Default: an embedded one. */
  readonly store?: string
  /** Default `web-gateway` with its secret. */
  readonly client?: { readonly clientId: string; readonly clientAuth: string }
  /** False: the client keeps the redirect URIs of somebody else. */
  readonly isRegistered?: boolean
  /** False: the gateways call the issuer's own address. */
  readonly hasBackchannel?: boolean
  /** Done before the gateways start, with their public URL, and put back by `change` and `putBackLater`. */
  readonly prepare?: (publicUrl: string, realm: Pick<KeycloakStage, 'change' | 'putBackLater'>) => Promise<void>
  /** YAML inside the realm `main`. */
  readonly main?: string
  /** YAML of the realms beside `main`; `${MODELS}` is the other issuer, `${MODELS_BACK}` the back channel. */
  readonly realms?: string
  /** YAML of the services beside `api`; `${UPSTREAM}` is the one that answers. */
  readonly services?: string
  /** YAML of the routes beside `/api/*`, `/admin/*` and `/*`, which is open to everybody. */
  readonly routes?: string
  /** YAML inside `session`, beside the store. */
  readonly session?: string
  /** YAML added at the end of the configuration. */
  readonly config?: string
}

export interface KeycloakStage {
  readonly keycloak: Keycloak
  readonly upstream: TestUpstream
  readonly backchannel: Backchannel
  readonly gateways: readonly Gateway[]
  readonly events: readonly GatewayEvent[]
  readonly config: GatewayConfig
  /** The gateways' clock. */
  readonly clock: FixedClock
  readonly publicUrl: string
  url(path: string): string
  browser(): Browser
  /** A browser in which somebody has logged in. */
  loggedIn(username?: Username): Promise<Browser>
  logIn(browser: Browser, path: string, username?: Username): ReturnType<Browser['logIn']>
  /** Replaces fields of the realm `main` or of something in it until the stage closes, or what it returns is called. */
  change(path: string, changes: Representation): Promise<() => Promise<void>>
  /** Done when the stage closes, last added first. */
  putBackLater(undo: () => Promise<void>): void
  /** From now on connections to the public address go to these gateways alone. */
  aim(...indexes: readonly number[]): void
  /** Ends a gateway as SIGTERM does, and starts another one in its place. */
  restart(index: number): Promise<void>
  close(): Promise<void>
}

export const WEB_GATEWAY = { clientId: 'web-gateway', clientAuth: '{ secret: web-gateway-test-secret }' } as const

/** A stage for one test. */
export async function setKeycloakStage(
  t: TestContext,
  keycloak: Keycloak,
  options: KeycloakStageOptions = {},
): Promise<KeycloakStage> {
  const undos: Undo[] = []
  t.after(() => undoAll(undos))
  return openKeycloakStage(keycloak, options, undos)
}

type Undo = () => Promise<void>

async function undoAll(undos: Undo[]): Promise<void> {
  for (const undo of undos.splice(0).reverse()) await undo()
}

/** What is there already when this rejects is in `undos`. */
export async function openKeycloakStage(
  keycloak: Keycloak,
  options: KeycloakStageOptions,
  undos: Undo[] = [],
): Promise<KeycloakStage> {
  const folder = await mkdtemp(join(tmpdir(), 'doorman-keycloak-stage-'))
  undos.push(() => rm(folder, { recursive: true, force: true }))
  const front = await openFront('direct')
  const upstream = await createTestUpstream()
  const backchannel = await openBackchannel(keycloak.url)
  undos.push(backchannel.close, upstream.close, front.close)
  const publicUrl = `http://localhost:${front.port}`
  const { clientId } = options.client ?? WEB_GATEWAY

  const change: KeycloakStage['change'] = async (path, changes) => {
    const putBack = await changeRealm(keycloak, path, changes)
    undos.push(putBack)
    return putBack
  }
  if (options.isRegistered !== false) {
    await change(await clientPath(keycloak, clientId), {})
    await setGatewayUrls(keycloak.admin, { realm: 'main', clientId, gatewayUrl: publicUrl })
  }
  const putBackLater: KeycloakStage['putBackLater'] = (undo) => void undos.push(undo)
  await options.prepare?.(publicUrl, { change, putBackLater })

  const config = readStageConfig(options, { publicUrl, keycloak, upstream, backchannel, folder })
  const clock = createShiftedClock()
  const events: GatewayEvent[] = []
  const start = async () => {
    const gateway = await openGateway(config, {
      logDestination: openSync(join(folder, 'gateway.log'), 'a'),
      clock: clock.now,
    })
    gateway.events.subscribe((event) => events.push(event))
    return gateway
  }
  const gateways = await Promise.all(Array.from({ length: options.replicas ?? 1 }, start))
  undos.push(async () => void (await Promise.all(gateways.map((gateway) => gateway.close()))))
  const aim: KeycloakStage['aim'] = (...indexes) =>
    front.aim(gateways.filter((_, index) => indexes.includes(index)).map(({ publicAddress }) => publicAddress.port))
  const aimAtAll = () => aim(...gateways.keys())
  aimAtAll()

  const url = (path: string) => `${publicUrl}${path}`
  const logIn: KeycloakStage['logIn'] = (browser, path, username = 'alice') =>
    browser.logIn(url(path), { username, password: `${username}-test-password` })
  return {
    keycloak,
    upstream,
    backchannel,
    gateways,
    events,
    config,
    clock,
    publicUrl,
    url,
    browser: createBrowser,
    logIn,
    async loggedIn(username) {
      const browser = createBrowser()
      await logIn(browser, '/auth/login', username)
      return browser
    },
    change,
    putBackLater,
    aim,
    async restart(index) {
      await gateways[index]?.close()
      gateways[index] = await start()
      aimAtAll()
    },
    close: () => undoAll(undos),
  }
}

/** Life of the realm's access tokens. */
export const ACCESS_TOKEN_SECONDS = 60

/** All access tokens issued so far have ended, for the gateways. */
export function expireTokens(stage: KeycloakStage): void {
  stage.clock.advance(ACCESS_TOKEN_SECONDS + 1)
}

/** What the upstream was last sent as a credential, decoded and not verified. */
export function receivedClaims(stage: KeycloakStage): Readonly<Record<string, unknown>> {
  return decode(stage.upstream.received.at(-1)?.headers.authorization ?? '')
}

interface Places {
  readonly publicUrl: string
  readonly keycloak: Keycloak
  readonly upstream: TestUpstream
  readonly backchannel: Backchannel
  readonly folder: string
}

function readStageConfig(options: KeycloakStageOptions, places: Places): GatewayConfig {
  const { clientId, clientAuth } = options.client ?? WEB_GATEWAY
  const text = `
publicUrl: ${places.publicUrl}
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
realms:
  main:
    issuer: ${places.keycloak.issuer('main')}
    ${options.hasBackchannel === false ? '' : `backchannelUrl: ${places.backchannel.origin}`}
    clientId: ${clientId}
    clientAuth: ${clientAuth}
    # The tests move the gateways' clock; the realm's stays.
    clockSkew: 5m
${options.main ?? ''}
${options.realms ?? ''}
session: { store: "${options.store ?? 'sqlite:store/doorman.db'}", ${options.session ?? ''} }
keys: [${options.store === undefined ? '"${file:store/keys}"' : NETWORK_KEY}]
services:
  api: { url: "${places.upstream.origin}", credential: accessToken }
${options.services ?? ''}
routes:
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/*", service: api, require: none, credential: none }
${options.routes ?? ''}
${options.config ?? ''}
`
  const env = {
    MODELS: places.keycloak.issuer('models'),
    MODELS_BACK: places.backchannel.origin,
    UPSTREAM: places.upstream.origin,
  }
  const reading = parseConfig(text, { file: 'stage.yaml', env, folder: places.folder })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  return reading.config
}
