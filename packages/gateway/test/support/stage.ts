// Everything real on one stage: a development realm, an upstream, one or more gateways, and what stands before them.
import { type DevRealm, type RealmSettings, startDevRealm } from '@doorman/dev-realm'
import { type FrontKind, openSite, type Site } from './site.ts'
import { type GatewaysOptions, openGateways, type StageGateways } from './stage-gateways.ts'
import { createTestUpstream, type TestUpstream } from './test-upstream.ts'

export interface StageOptions extends GatewaysOptions {
  readonly front: FrontKind
  readonly realm?: Partial<RealmSettings>
  /** Opens the way by which the gateways reach the realm, and says where it begins. Default: the realm itself. */
  readonly backchannel?: (realmUrl: string) => Promise<string>
  /** YAML added at the end of the configuration. */
  readonly config?: string | ((publicUrl: string) => string)
  /** The address of the store. Default: an embedded one. */
  readonly store?: string
  /** YAML inside `session`, beside the store. */
  readonly session?: string
  /** The routes' YAML. Default: `/public/*` for anybody, `/api/*` logged in, `/admin/*` for admins. */
  readonly routes?: string
}

export interface Stage extends StageGateways, Pick<Site, 'publicUrl' | 'folder' | 'url' | 'browser' | 'loggedIn'> {
  readonly realm: DevRealm
  readonly upstream: TestUpstream
  close(): Promise<void>
}

export const CLIENT_ID = 'web-gateway'
export const CLIENT_SECRET = 'canary-client-secret'

export const DEFAULT_ROUTES = `
  - { path: "/public/*", service: api, require: none, credential: none }
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/page/*", service: api, require: { login: true } }
`

/** What a stage has before there is a gateway. */
export interface Ground extends Omit<Site, 'remove' | 'dispatcher'>, Pick<Stage, 'realm' | 'upstream' | 'close'> {
  /** The text of `doorman.yaml`; its relative paths start at `folder`. */
  readonly yaml: string
}

export async function openGround(options: Omit<StageOptions, 'replicas' | 'gateway'>): Promise<Ground> {
  const site = await openSite(options.front)
  const { publicUrl } = site
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
  return {
    ...site,
    realm,
    upstream,
    yaml: buildYaml(options, { publicUrl, issuer: realm.issuer, upstream: upstream.origin, backchannelUrl }),
    async close() {
      await upstream.close()
      await realm.close()
      await site.remove()
    },
  }
}

/** Starts the parts; `close` ends them in the opposite order. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const ground = await openGround(options)
  const opened = await openGateways(ground, ground.yaml, {}, options)
  return {
    ...ground,
    ...opened,
    async close() {
      await ground.disconnect()
      await Promise.all(opened.gateways.map((gateway) => gateway.close()))
      await ground.close()
    },
  }
}

/** Each scenario as it is for a browser that talks to the gateway, and behind a proxy that ends TLS. */
export const FRONTS = ['direct', 'tls'] as const

/** Of processes that share nothing but a store. */
export const NETWORK_KEY = 'ab'.repeat(32)

interface Places {
  readonly publicUrl: string
  readonly issuer: string
  readonly upstream: string
  readonly backchannelUrl: string | null
}

function buildYaml(
  options: Pick<StageOptions, 'front' | 'store' | 'session' | 'routes' | 'config'>,
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
session: { store: "${options.store ?? 'sqlite:store/doorman.db'}", ${options.session ?? ''} }
keys: [${options.store === undefined ? '"${file:store/keys}"' : NETWORK_KEY}]
services:
  api: { url: "${upstream}", credential: accessToken }
routes: ${options.routes ?? DEFAULT_ROUTES}
${typeof options.config === 'function' ? options.config(publicUrl) : (options.config ?? '')}
`
}
