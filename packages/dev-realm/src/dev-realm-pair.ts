// Two realms that know each other: `main`, where people log in, and `models`, which takes its people from there. The
// same people, clients, secrets and audiences as the two realms of the real Keycloak.
import { type DevRealm, startDevRealm } from './dev-realm.ts'
import { DEV_USERS, type DevClient, type DevUser, type RealmSettings } from './options.ts'

export interface DevRealmPairOptions {
  /** Where gateways take codes, in both realms; exact, or ending in `*`. */
  readonly redirectUris: readonly string[]
  /** Default: the redirect URIs. */
  readonly postLogoutRedirectUris?: readonly string[]
  /** Where `web-gateway` is told that its people's sessions have ended, by their `sid`. Default: nowhere. */
  readonly backchannelLogoutUri?: string
  /** Clients of `main` beside the usual ones, or in their place. */
  readonly clients?: readonly DevClient[]
  /** Clients of `models` beside the usual ones, or in their place. */
  readonly modelsClients?: readonly DevClient[]
  /** People of `main`. Default: alice, bob, carol (admin) and dave (disabled). */
  readonly users?: readonly DevUser[]
  /** People of `models`. Default: alice alone, linked to the alice of `main`. */
  readonly modelsUsers?: readonly DevUser[]
  /** Of both realms. */
  readonly settings?: Partial<RealmSettings>
  /** Default 0: a free one. */
  readonly port?: number
  /** Default 0: a free one. */
  readonly modelsPort?: number
}

export interface DevRealmPair {
  readonly main: DevRealm
  readonly models: DevRealm
  close(): Promise<void>
}

const BROKER = { clientId: 'models-broker', secret: 'models-broker-test-secret' }
const IDENTITY_PROVIDER_ALIAS = 'main'

/** The people `models` begins with. */
export const MODELS_USERS: readonly DevUser[] = DEV_USERS.filter(({ username }) => username === 'alice').map(
  ({ organizations: _, ...alice }) => ({
    ...alice,
    id: '00000000-0000-4000-8000-0000000000a1',
    realmRoles: ['model-user'],
    clientRoles: { llm: ['infer'] },
    federated: { [IDENTITY_PROVIDER_ALIAS]: alice.id },
  }),
)

/** Starts both. A client's secret is its id followed by `-test-secret`. Fails as `startDevRealm` does. */
export async function startDevRealmPair(options: DevRealmPairOptions): Promise<DevRealmPair> {
  const common = options.settings === undefined ? {} : { settings: options.settings }
  const main = await startDevRealm({
    ...common,
    port: options.port ?? 0,
    users: options.users ?? DEV_USERS,
    clients: [],
  })
  const models = await startDevRealm({
    ...common,
    realm: 'models',
    port: options.modelsPort ?? 0,
    users: options.modelsUsers ?? MODELS_USERS,
    clients: [...buildModelsClients(options), ...(options.modelsClients ?? [])],
    identityProviders: [
      {
        alias: IDENTITY_PROVIDER_ALIAS,
        issuer: main.issuer,
        jwksUrl: `${main.issuer}/protocol/openid-connect/certs`,
        jwtGrant: true,
        broker: BROKER,
      },
    ],
  }).catch(async (error: unknown) => {
    await main.close()
    throw error
  })
  // Each realm names the other, and a realm has no name before it listens.
  for (const client of [...buildMainClients(options, models.issuer), ...(options.clients ?? [])])
    main.directory.setClient(client)
  return {
    main,
    models,
    async close() {
      await Promise.all([main.close(), models.close()])
    },
  }
}

function buildMainClients(options: DevRealmPairOptions, modelsIssuer: string): readonly DevClient[] {
  const { backchannelLogoutUri } = options
  const gateway: DevClient = {
    ...buildLoginClient('web-gateway', options),
    ...(backchannelLogoutUri ? { backchannelLogoutUri, backchannelLogoutSessionRequired: true } : {}),
    audiences: ['web-gateway', 'reports'],
    serviceAccount: { realmRoles: [], clientRoles: {} },
    exchange: true,
    optionalScopes: {
      'billing-audience': { audience: 'billing' },
      'models-realm': { audience: modelsIssuer, inTokenScope: true },
    },
  }
  const broker = { ...BROKER, redirectUris: [`${modelsIssuer}/broker/${IDENTITY_PROVIDER_ALIAS}/endpoint*`] }
  return [
    gateway,
    { ...buildLoginClient('other-gateway', options), audiences: [] },
    buildApi('reports'),
    buildApi('billing'),
    { ...buildApi('disabled-client'), enabled: false },
    { ...buildApi(modelsIssuer), secret: 'models-realm-test-secret' },
    { ...broker, audiences: [] },
  ]
}

function buildModelsClients(options: DevRealmPairOptions): readonly DevClient[] {
  const gateway: DevClient = {
    ...buildLoginClient('model-gateway', options),
    audiences: ['llm'],
    serviceAccount: { realmRoles: [], clientRoles: {} },
    jwtGrant: { identityProviders: [IDENTITY_PROVIDER_ALIAS] },
  }
  return [gateway, buildApi('llm')]
}

function buildLoginClient(clientId: string, options: DevRealmPairOptions): DevClient {
  const { redirectUris, postLogoutRedirectUris } = options
  return { ...buildApi(clientId), redirectUris, ...(postLogoutRedirectUris ? { postLogoutRedirectUris } : {}) }
}

/** A client that nobody logs in to: an audience that may introspect. */
function buildApi(clientId: string): DevClient {
  return { clientId, secret: `${clientId}-test-secret`, redirectUris: [], audiences: [] }
}
