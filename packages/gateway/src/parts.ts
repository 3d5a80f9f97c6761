// What a gateway consists of, constructed from the configuration and connected.
import { createAnswers } from './answers.ts'
import { type BackchannelEndpoint, createBackchannelEndpoint } from './backchannel-endpoint.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { createDoorParts, type DoorParts } from './door-parts.ts'
import { createForwarders } from './door-routes.ts'
import type { Events } from './kernel/events.ts'
import type { KeyRing } from './kernel/seal.ts'
import { createLimiters } from './limiters.ts'
import type { LoginDoors } from './login-doors.ts'
import { createDoors, createSecondLogins, type Door } from './own-endpoints.ts'
import type { CounterPlace } from './policy/rate-limit.ts'
import { createRealms, type Realms } from './realms.ts'
import { buildEndpoints } from './routes.ts'
import type { SessionStore } from './session/session-store.ts'
import { createSessionParts, type SessionParts } from './session-parts.ts'
import { createTokenEndpoints } from './token-endpoints.ts'
import { createTokenParts, usesInternalTokens } from './token-parts.ts'
import type { BackgroundRenewal } from './tokens/background-renewal.ts'
import type { Credentials } from './tokens/credential.ts'
import type { Refresher } from './tokens/refresh.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'
import type { Forwarder } from './upstream/forward.ts'

export interface Parts extends DoorParts, SessionParts {
  readonly doors: LoginDoors<Door>
  readonly realms: Realms
  readonly backchannel: BackchannelEndpoint
  readonly refresher: Refresher
  readonly credentials: Credentials
  readonly background: BackgroundRenewal
  /** Null where nothing asks for internal tokens. */
  readonly signingKeys: SigningKeys | null
  readonly forwarders: ReadonlyMap<string, Forwarder>
}

export interface Ground {
  readonly config: GatewayConfig
  /** Called when a realm turns out to be one this gateway must not run on. */
  readonly onRefused: (because: string) => void
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
  /** Where processes count requests together; null for none. */
  readonly counters: CounterPlace | null
}

export function createParts({ config, onRefused, ca, events, ring, store, counters }: Ground): Parts {
  // One clock for all instants of a session: that of a machine may be wrong.
  const realms = createRealms({ config, onRefused, ca, clock: store.now, events })
  const { sessions, realmEndings, watches } = createSessionParts({ config, events, ring, store, realms })
  const { refresher, credentials, signingKeys, background } = createTokenParts({
    config,
    events,
    ring,
    store,
    sessions,
    watches,
    realms,
  })
  const answers = createAnswers(events)
  const createLimiter = createLimiters({ answers, events, counters })
  const forwarders = createForwarders({ config, ca, watches, events, failed: answers.fail })
  const ground = { config, ring, realms, sessions, watches, realmEndings, refresher, credentials, events, store }
  const doors = createDoors(ground)
  const secondLogins = createSecondLogins(doors, ground)
  const backchannel = createBackchannelEndpoint({
    config,
    realms,
    sessions,
    store,
    endings: realmEndings,
    events,
    tellEnded: watches.tellEnded,
    createLimiter,
  })
  const endpoints = buildEndpoints({
    paths: config.endpoints,
    alsoGet: config.alsoGet,
    doors,
    loginRealm: config.loginRealm,
    secondLogins,
    loginLimiter: config.login.limit === null ? null : createLimiter(config.login.limit, 'login'),
    issuer: usesInternalTokens(config)
      ? { keys: signingKeys, issuer: config.publicUrl, jwksUrl: config.publicUrl + config.endpoints.jwks }
      : null,
    tokenEndpoints: createTokenEndpoints({
      config,
      doors,
      signingKeys,
      sessions,
      credentials,
      store,
      events,
      createLimiter,
    }),
    backchannelLogout: backchannel.entry,
  })
  return {
    ...createDoorParts({
      config,
      realms,
      doors,
      secondLogins,
      endpoints,
      sessions,
      credentials,
      forwarders,
      answers,
      createLimiter,
    }),
    doors,
    realms,
    sessions,
    watches,
    realmEndings,
    backchannel,
    refresher,
    credentials,
    background,
    signingKeys: usesInternalTokens(config) ? signingKeys : null,
    forwarders,
  }
}
