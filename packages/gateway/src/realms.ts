// The realms of the configuration, each seen by us as its relying party.
import { createClientSecretFile } from './client-secret-file.ts'
import type { GatewayConfig, RealmConfig } from './config/gateway-config.ts'
import type { Events } from './kernel/events.ts'
import { isLoopbackHost } from './kernel/loopback.ts'
import type { Clock } from './kernel/time.ts'
import type { ClientAuthOptions } from './realm/client-auth.ts'
import { createRelyingParty } from './realm/create-relying-party.ts'
import type { RelyingParty } from './realm/relying-party.ts'

const METADATA_SECONDS = 300
export const KEY_SET_COOLDOWN_SECONDS = 10
const REALM_RETRY_MIN_SECONDS = 1
const REALM_RETRY_MAX_SECONDS = 30

export interface RealmsGround {
  readonly config: GatewayConfig
  /** Called when a realm turns out to be one this gateway must not run on. */
  readonly onRefused: (because: string) => void
  /** PEM texts. */
  readonly ca: readonly string[]
  readonly clock: Clock
  readonly events: Events
}

export interface Realms {
  readonly all: readonly RelyingParty[]
  /** By the realm's local name. Throws a `TypeError` for one that is not configured. */
  readonly byName: (realm: string) => RelyingParty
}

export function createRealms(ground: RealmsGround): Realms {
  const parties = new Map(
    Object.entries(ground.config.realms).map(([realm, settings]) => [realm, createRealm(realm, settings, ground)]),
  )
  return {
    all: [...parties.values()],
    byName(realm) {
      const party = parties.get(realm)
      if (party === undefined) throw new TypeError(`no realm ${realm}`)
      return party
    },
  }
}

/** The realms people log in to, by name. */
export function loginRealmsOf({ realms }: GatewayConfig): readonly (readonly [string, RealmConfig])[] {
  return Object.entries(realms).filter(([, { obtain }]) => obtain === null)
}

/** What stands behind the paths of a realm that is not the login realm. */
export function realmSuffix(realm: string, { loginRealm }: Pick<GatewayConfig, 'loginRealm'>): string {
  return realm === loginRealm ? '' : `/${realm}`
}

export function callbackUrl(realm: string, config: GatewayConfig): string {
  return config.publicUrl + config.endpoints.callback + realmSuffix(realm, config)
}

function clientAuthOf({ clientAuth }: RealmConfig): ClientAuthOptions {
  if (clientAuth.kind === 'privateKey') return { ...clientAuth, key: clientAuth.privateKey }
  const { secret, file } = clientAuth
  return file === null ? { kind: 'secret', secret } : { kind: 'secrets', inTurn: createClientSecretFile(file, secret) }
}

function createRealm(realm: string, settings: RealmConfig, ground: RealmsGround): RelyingParty {
  const { config, onRefused } = ground
  return createRelyingParty({
    realm,
    issuer: settings.issuer,
    backchannelUrl: settings.backchannelUrl,
    clientId: settings.clientId,
    clientAuth: clientAuthOf(settings),
    isLoginRealm: settings.obtain === null || settings.obtain.kind === 'login',
    introspects: settings.introspect,
    redirectUri: callbackUrl(realm, config),
    scopes: settings.scopes,
    idTokenAlgorithms: settings.idTokenAlgorithms,
    timeoutSeconds: settings.timeoutSeconds,
    clockToleranceSeconds: settings.clockSkewSeconds,
    metadataSeconds: METADATA_SECONDS,
    keySetCooldownSeconds: KEY_SET_COOLDOWN_SECONDS,
    retryMinSeconds: REALM_RETRY_MIN_SECONDS,
    retryMaxSeconds: REALM_RETRY_MAX_SECONDS,
    allowsDevRealm: isLoopbackHost(new URL(config.publicUrl).hostname),
    onDevRealmRefused: () => onRefused(`${settings.issuer} is a development realm, and publicUrl is public`),
    ca: ground.ca,
    environment: process.env,
    events: ground.events,
    clock: ground.clock,
  })
}
