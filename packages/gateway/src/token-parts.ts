// What makes, renews and remembers tokens, constructed from the configuration and connected.
import { randomUUID } from 'node:crypto'
import type { GatewayConfig } from './config/gateway-config.ts'
import type { Events } from './kernel/events.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { systemElapsed } from './kernel/time.ts'
import { wait } from './kernel/wait.ts'
import type { Realms } from './realms.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { SessionStore } from './session/session-store.ts'
import type { SessionWatches } from './session/session-watch.ts'
import { type BackgroundRenewal, createBackgroundRenewal } from './tokens/background-renewal.ts'
import { type Credentials, createCredentials } from './tokens/credential.ts'
import { createInternalTokens } from './tokens/internal-token.ts'
import { createRealmGates } from './tokens/realm-gate.ts'
import { createRefresher, type Refresher } from './tokens/refresh.ts'
import type { SecondRealmRule } from './tokens/second-realm.ts'
import { createSessionNews } from './tokens/session-news.ts'
import { createSigningKeys, SIGNING_KEYS_POLL_SECONDS, type SigningKeys } from './tokens/signing-keys.ts'

/** Shorter than requests wait by default: those of a process that died are answered by another one. */
const REFRESH_LEASE_SECONDS = 4
const REFRESH_LIMIT_SECONDS = 60
const REFRESH_COOLDOWN_SECONDS = 1
const MAX_WAITING_RENEWALS = 1000
const BREAKER = { opensAfter: 5, openSeconds: 3 }
const BACKGROUND_EVERY_SECONDS = 2
/** Who was used within this time has its tokens renewed ahead. */
const IN_USE_SECONDS = 300

export interface TokenGround {
  readonly config: GatewayConfig
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
  readonly sessions: SessionLifecycle
  readonly watches: Pick<SessionWatches, 'usingTokens'>
  readonly realms: Realms
}

export interface TokenParts {
  readonly refresher: Refresher
  readonly credentials: Credentials
  readonly signingKeys: SigningKeys
  /** Not started. */
  readonly background: BackgroundRenewal
}

export function createTokenParts(ground: TokenGround): TokenParts {
  const { config, events, ring, store, sessions, realms } = ground
  const { now } = sessions
  const { concurrency, waitSeconds } = config.refresh
  const work = {
    store,
    lifecycle: sessions,
    news: createSessionNews({ store, elapsed: systemElapsed, wait }),
    gates: createRealmGates({
      concurrency,
      maxWaiting: MAX_WAITING_RENEWALS,
      waitSeconds,
      breaker: BREAKER,
      now,
      events,
    }),
    elapsed: systemElapsed,
    relyingParty: realms.byName,
    events,
    owner: randomUUID(),
    leaseSeconds: REFRESH_LEASE_SECONDS,
    limitSeconds: REFRESH_LIMIT_SECONDS,
    cooldownSeconds: REFRESH_COOLDOWN_SECONDS,
    wait,
  }
  const refresher = createRefresher(work)
  const { algorithm, lifeSeconds } = config.internalTokens
  const signingKeys = createSigningKeys({
    store,
    sealer: createSealer(ring, 'signing-keys'),
    algorithm,
    pollSeconds: SIGNING_KEYS_POLL_SECONDS,
    events,
  })
  const internalTokens = createInternalTokens({ issuer: config.publicUrl, lifeSeconds, keys: signingKeys, now })
  const credentials = createCredentials({
    ...work,
    refresher,
    internalTokens,
    secondRealms: secondRealmRules(config),
    loginRealm: config.loginRealm,
    verifies: config.session.verifySeconds !== null,
    now,
    waitSeconds,
    refreshMarginSeconds: config.refresh.marginSeconds,
  })
  return { refresher, credentials, signingKeys, background: createBackground(ground, refresher) }
}

function createBackground({ config, sessions, watches }: TokenGround, refresher: Refresher): BackgroundRenewal {
  return createBackgroundRenewal({
    usingTokens: watches.usingTokens,
    usedWithin: sessions.usedWithin,
    refresher,
    limits: config.session,
    ahead: config.refresh.ahead,
    inUseSeconds: IN_USE_SECONDS,
    concurrency: Math.ceil(config.refresh.concurrency / 2),
    everySeconds: BACKGROUND_EVERY_SECONDS,
    now: sessions.now,
    random: Math.random,
  })
}

/** Whether anything ever asks for an internal token; without that there are no keys. */
export function usesInternalTokens({ services, routes }: GatewayConfig): boolean {
  return [...Object.values(services), ...routes].some(({ credential }) => credential.kind === 'internal')
}

function secondRealmRules({ realms }: GatewayConfig): ReadonlyMap<string, SecondRealmRule> {
  return new Map(
    Object.entries(realms).flatMap(([name, { obtain, scopes }]) =>
      obtain === null ? [] : [[name, { obtain, scopes }] as const],
    ),
  )
}
