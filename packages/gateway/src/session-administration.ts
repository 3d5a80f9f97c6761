// The sessions of the store that a configuration names, for an operator's command. Gateways may be running on it: they
// hear at once what has ended.
import type { GatewayConfig } from './config/gateway-config.ts'
import { createEvents } from './kernel/events.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { systemClock } from './kernel/time.ts'
import { findRealm } from './login-options.ts'
import { createRealmEndings } from './logout/realm-endings.ts'
import { openRing } from './open-ring.ts'
import { openExistingStore, readAuthorities } from './open-store.ts'
import { describeSession, type OperatorSession } from './operator/sessions.ts'
import { createRealms, loginRealmsOf, type Realms } from './realms.ts'
import { createSessionLifecycle, type SessionLifecycle } from './session/lifecycle.ts'
import type { Session } from './session/session.ts'
import { createSessionAdministration, type SessionSelection } from './session/session-administration.ts'
import type { SessionStore } from './session/session-store.ts'
import { REALM_ENDINGS } from './session-parts.ts'

/** Its methods reject with `ERR_STORE_UNAVAILABLE`. */
export interface StoredSessions {
  /** At most `limit` of all, `next` goes on from there; where some are selected, all of them. */
  list(
    selection: SessionSelection,
    after: string | null,
    limit: number,
  ): Promise<{ readonly sessions: readonly OperatorSession[]; readonly next: string | null }>
  /** `unconfirmed`: how many of them their realm has not confirmed yet; running gateways go on asking it. */
  end(selection: SessionSelection): Promise<{ readonly ended: number; readonly unconfirmed: number }>
  close(): Promise<void>
}

/**
 * Opens the store beside running gateways.
 *
 * Rejects with `ERR_STORE_REFUSED` when it is in memory or does not exist yet, `ERR_CONFIG_INVALID` when the key ring is
 * absent, `ERR_STORE_UNAVAILABLE`.
 */
export async function openSessionAdministration(config: GatewayConfig): Promise<StoredSessions> {
  const store = await openExistingStore(config)
  const ring = openRing(config, systemClock)
  const realms = openRealms(config)
  const endings: Promise<boolean>[] = []
  const lifecycle = createLifecycle(config, store, ring, (session) => endings.push(realmEndings.end(session, 'final')))
  const realmEndings = createRealmEndings({
    store,
    sealer: createSealer(ring, 'realm-endings'),
    sessions: lifecycle,
    findRealm: findRealm(realms),
    events: createEvents(),
    ...REALM_ENDINGS,
  })
  const issuers = loginRealmsOf(config).map(([, { issuer }]) => issuer)
  const administration = createSessionAdministration({ lifecycle, store, issuers, limits: config.session })
  return {
    async list(selection, after, limit) {
      const { sessions, next } = await administration.list(selection, after, limit)
      return { sessions: sessions.map(describeSession), next }
    },
    async end(selection) {
      // Without a realm's metadata nobody knows where to log out; one that is down is left to the gateways.
      await Promise.allSettled(realms.all.map((realm) => realm.announcesIssuer()))
      const ended = await administration.end(selection)
      const confirmed = await Promise.all(endings.splice(0))
      return { ended, unconfirmed: confirmed.filter((isConfirmed) => !isConfirmed).length }
    },
    async close() {
      await realmEndings.close()
      await Promise.all(realms.all.map((realm) => realm.close()))
      await store.close()
    },
  }
}

function openRealms(config: GatewayConfig): Realms {
  const ca = readAuthorities(config)
  return createRealms({ config, onRefused: () => {}, ca, clock: systemClock, events: createEvents() })
}

function createLifecycle(
  config: GatewayConfig,
  store: SessionStore,
  ring: KeyRing,
  onEnded: (session: Session) => void,
): SessionLifecycle {
  return createSessionLifecycle({
    store,
    sealer: createSealer(ring, 'session'),
    limits: config.session,
    refreshMarginSeconds: config.refresh.marginSeconds,
    cachedSessions: 1,
    cacheSeconds: config.session.cacheSeconds,
    staleSeconds: 0,
    verifySeconds: null,
    events: createEvents(),
    onEnded,
  })
}
