// What keeps sessions and ends them, constructed from the configuration and connected.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { Events, SessionEnd } from './kernel/events.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { findRealm } from './login-options.ts'
import { createRealmEndings, type RealmEndings } from './logout/realm-endings.ts'
import type { Realms } from './realms.ts'
import { createSessionLifecycle, type SessionLifecycle } from './session/lifecycle.ts'
import type { SessionStore } from './session/session-store.ts'
import { createSessionWatches, type SessionWatches } from './session/session-watch.ts'
import { endSecondLogins } from './tokens/end-second-logins.ts'

/** By these somebody is sent away: who has the realm's session would be let in again at once. */
const ENDS_AT_REALM: readonly SessionEnd[] = ['user-elsewhere', 'administrator', 'max-per-user']
export const REALM_ENDINGS = { maxEndings: 1000, patienceSeconds: 1, busySeconds: 5, quietSeconds: 30 }

/** Sessions read at the same time after a word that may concern any of them. */
const CONCURRENT_READS = 32

export interface SessionGround {
  readonly config: GatewayConfig
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
  readonly realms: Realms
}

export interface SessionParts {
  /** Of all realms. */
  readonly sessions: SessionLifecycle
  /** Over sessions that have something open. */
  readonly watches: SessionWatches
  readonly realmEndings: RealmEndings
}

export function createSessionParts({ config, events, ring, store, realms }: SessionGround): SessionParts {
  const sessions = createSessionLifecycle({
    store,
    sealer: createSealer(ring, 'session'),
    limits: config.session,
    refreshMarginSeconds: config.refresh.marginSeconds,
    cachedSessions: config.session.cachedSessions,
    cacheSeconds: config.session.cacheSeconds,
    staleSeconds: config.session.staleSeconds,
    verifySeconds: config.session.verifySeconds,
    events,
    onEnded(session, by) {
      // Where a person ends one, their browser waits for it; what takes its place keeps them.
      if (by === 'user' || by === 'new-login' || by === 'other-login' || by === 'healed') return
      if (ENDS_AT_REALM.includes(by)) void realmEndings.end(session, 'final')
      else void endSecondLogins(session, findRealm(realms))
    },
  })
  const realmEndings = createRealmEndings({
    store,
    sealer: createSealer(ring, 'realm-endings'),
    sessions,
    findRealm: findRealm(realms),
    events,
    ...REALM_ENDINGS,
  })
  const watches = createSessionWatches({
    store,
    lifecycle: sessions,
    limits: config.session,
    cacheSeconds: config.session.cacheSeconds,
    concurrentReads: CONCURRENT_READS,
  })
  return { sessions, watches, realmEndings }
}
