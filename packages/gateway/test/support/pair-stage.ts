// A stage with two realms that know each other, a service for every kind of credential, and a guard.

import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { type DevClient, type DevRealm, type DevRealmPairOptions, startDevRealmPair } from '@doorman/dev-realm'
import { createGuard, type Guard, type GuardOptions } from '@doorman/resource-server'
import { guard as guardNode } from '@doorman/resource-server/node'
import { type Dispatcher, fetch as undiciFetch } from 'undici'
import { type FrontKind, openSite, type Site } from './site.ts'
import { FRONTS, type Stage } from './stage.ts'
import { type GatewaysOptions, openGateways } from './stage-gateways.ts'
import { createTestUpstream, type Script } from './test-upstream.ts'

export interface PairStageOptions extends GatewaysOptions {
  readonly front: FrontKind
  readonly pair?: Omit<DevRealmPairOptions, 'redirectUris' | 'postLogoutRedirectUris'>
  /** Opens the way by which the gateways reach a realm, and says where it begins. Default: the realm itself. */
  readonly backchannel?: (realmUrl: string) => Promise<string>
  /** The realms' YAML; `${MAIN}` and `${MODELS}` are the issuers. Default: `main` and three ways to the other one. */
  readonly realms?: string
  /** The services' YAML; `${UPSTREAM}` is the one that answers. Default: one for each credential. */
  readonly services?: string
  /** The routes' YAML. Default: `/NAME/*` logged in for each service. */
  readonly routes?: string
  /** YAML. Default: ES256, whose keys are made fast. */
  readonly internalTokens?: string
  /** YAML added at the end of the configuration. */
  readonly config?: string
}

/** `realm` is `main`, where people log in. */
export interface PairStage extends Stage, Pick<Site, 'dispatcher'> {
  readonly models: DevRealm
  /** A service's guard, told the gateway's public address alone. */
  guard(audience: string, options?: Partial<GuardOptions>): Guard
}

/** The subject of alice in `main`, and in `models`. */
export const ALICE = '00000000-0000-4000-8000-000000000001'
export const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'

/** In YAML; `models` asks people to log in there, `robots` speaks for itself, `grants` as the person. */
export const SECOND_REALMS = `
  models:
    issuer: "\${MODELS}"
    backchannelUrl: "\${MODELS_BACK}"
    clientId: model-gateway
    clientAuth: { secret: model-gateway-test-secret }
    obtain: { login: { identityProvider: main } }
  robots:
    issuer: "\${MODELS}"
    backchannelUrl: "\${MODELS_BACK}"
    clientId: model-robot
    clientAuth: { secret: model-robot-test-secret }
    obtain: clientCredentials
  grants:
    issuer: "\${MODELS}"
    backchannelUrl: "\${MODELS_BACK}"
    clientId: model-grantee
    clientAuth: { secret: model-grantee-test-secret }
    obtain: { jwtGrant: { scope: [models-realm] } }
`

export const REALMS = `
  main:
    issuer: "\${MAIN}"
    backchannelUrl: "\${MAIN_BACK}"
    clientId: web-gateway
    clientAuth: { secret: web-gateway-test-secret }
${SECOND_REALMS}`

export const SERVICES = `
  agent: { url: "\${UPSTREAM}", credential: internal }
  reports: { url: "\${UPSTREAM}", credential: accessToken }
  billing: { url: "\${UPSTREAM}", credential: { exchange: { audience: billing, scope: [billing-audience] } } }
  jobs: { url: "\${UPSTREAM}", credential: serviceAccount }
  robots: { url: "\${UPSTREAM}", credential: { realm: robots } }
  grants: { url: "\${UPSTREAM}", credential: { realm: grants } }
  models: { url: "\${UPSTREAM}", credential: { realm: models } }
  feed: { url: "\${UPSTREAM}", credential: none }
`

/** In YAML: `/NAME/*` for each of them. */
export const SERVICE_ROUTES = ['agent', 'reports', 'billing', 'jobs', 'robots', 'grants', 'models', 'feed']
  .map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`)
  .join('')

const MODELS_CLIENTS: readonly DevClient[] = [
  {
    clientId: 'model-robot',
    secret: 'model-robot-test-secret',
    redirectUris: [],
    audiences: ['llm'],
    serviceAccount: { realmRoles: ['model-user'], clientRoles: {} },
  },
  {
    clientId: 'model-grantee',
    secret: 'model-grantee-test-secret',
    redirectUris: [],
    audiences: ['llm'],
    jwtGrant: { identityProviders: ['main'] },
  },
]

export async function openPairStage(options: PairStageOptions): Promise<PairStage> {
  const site = await openSite(options.front)
  const { publicUrl, dispatcher } = site
  const pair = await startDevRealmPair({
    redirectUris: [`${publicUrl}/auth/callback*`],
    postLogoutRedirectUris: [`${publicUrl}/auth/logged-out*`],
    modelsClients: MODELS_CLIENTS,
    ...options.pair,
  })
  const upstream = await createTestUpstream()
  const wayTo = options.backchannel ?? (async (realmUrl: string) => realmUrl)
  const env = {
    MAIN: pair.main.issuer,
    MAIN_BACK: await wayTo(pair.main.url),
    MODELS: pair.models.issuer,
    MODELS_BACK: await wayTo(pair.models.url),
    UPSTREAM: upstream.origin,
  }
  const opened = await openGateways(site, buildYaml(publicUrl, options), env, options)
  return {
    ...site,
    ...opened,
    realm: pair.main,
    models: pair.models,
    upstream,
    guard: (audience, more) => createGuard({ gateway: publicUrl, audience, fetch: createFetch(dispatcher), ...more }),
    async close() {
      await site.disconnect()
      await Promise.all(opened.gateways.map((gateway) => gateway.close()))
      await upstream.close()
      await pair.close()
      await site.remove()
    },
  }
}

/** A stage that the test ends, once its gateways have made acquaintance with the realms; no call is counted yet. */
export async function setPairStage(t: TestContext, options: Partial<PairStageOptions> = {}): Promise<PairStage> {
  const stage = await openPairStage({ front: 'direct', ...options })
  t.after(() => stage.close())
  await Promise.all([introduced(stage, stage.realm), introduced(stage, stage.models)])
  return stage
}

/** One test for a browser that talks to the gateway, and one behind a proxy that ends TLS. */
export function testPairOnBothFronts(
  name: string,
  body: (stage: PairStage, t: TestContext) => Promise<void>,
  options: Omit<PairStageOptions, 'front'> = {},
): void {
  for (const front of FRONTS) {
    test(`${name} (${front === 'tls' ? 'behind TLS' : 'direct'})`, async (t) => {
      await body(await setPairStage(t, { ...options, front }), t)
    })
  }
}

/** The token of the last request that a service received; undefined for none. */
export function tokenSent({ upstream }: Pick<Stage, 'upstream'>): string | undefined {
  return upstream.received.at(-1)?.headers.authorization?.slice('Bearer '.length)
}

/** Asks a realm in the name of one of its clients, past the gateways. */
export async function askAsClient(
  realm: DevRealm,
  endpoint: 'token' | 'revoke',
  clientId: string,
  form: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${realm.issuer}/protocol/openid-connect/${endpoint}`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientId}-test-secret`)}` },
    body: new URLSearchParams(form),
  })
  if (answer.status !== 200) throw new Error(`${endpoint} for ${clientId}: ${answer.status}`)
  return endpoint === 'token' ? ((await answer.json()) as Record<string, string>) : {}
}

/** Changes a client of a realm, as an administrator would. */
export function setClient({ directory }: DevRealm, clientId: string, changes: Partial<DevClient>): void {
  const client = directory.findClient(clientId)
  if (client === undefined) throw new TypeError(`no client ${clientId}`)
  directory.setClient({ ...client, ...changes })
}

/** A service behind a guard: 200 with who is calling. */
export function guarded(guard: Guard): Script {
  const listener = guardNode(guard, ({ caller }, response) => {
    const { kind, subject, clientId, sessionId, roles, tenant } = caller
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind, subject, clientId, sessionId, roles, tenant }))
  })
  return (message, response) => void listener(message, response)
}

async function introduced({ config, gateways }: Pick<Stage, 'config' | 'gateways'>, realm: DevRealm): Promise<void> {
  const settings = Object.values(config.realms).filter(({ issuer }) => issuer === realm.issuer)
  const logins = settings.filter(({ obtain }) => obtain === null || obtain.kind === 'login')
  const introspecting = settings.filter(({ introspect }) => introspect)
  await realm.calls.reached('token', settings.length * gateways.length)
  await realm.calls.reached('auth', logins.length * gateways.length)
  await realm.calls.reached('introspect', introspecting.length * gateways.length)
  await Promise.all(realm.calls.list().map((call) => call.finished()))
  realm.calls.clear()
}

function createFetch(dispatcher: Dispatcher): typeof globalThis.fetch {
  const trusting = (url: string, init: Parameters<typeof undiciFetch>[1]) => undiciFetch(url, { ...init, dispatcher })
  return trusting as unknown as typeof globalThis.fetch
}

function buildYaml(publicUrl: string, options: PairStageOptions): string {
  return `
publicUrl: ${publicUrl}
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
trustedProxies: ${options.front === 'tls' ? '[127.0.0.1]' : '[]'}
realms: ${options.realms ?? REALMS}
session: { store: "sqlite:store/doorman.db" }
keys: ["\${file:store/keys}"]
services: ${options.services ?? SERVICES}
routes: ${options.routes ?? SERVICE_ROUTES}
internalTokens: ${options.internalTokens ?? '{ algorithm: ES256 }'}
${options.config ?? ''}
`
}
