// The sessions of the store that a configuration names, for an operator's command. Gateways may be running on it: they
// hear at once what has ended.
import type { GatewayConfig } from './config/gateway-config.ts'
import { createEvents } from './kernel/events.ts'
import { createSealer } from './kernel/seal.ts'
import { systemClock } from './kernel/time.ts'
import { findRealm } from './login-options.ts'
import { openExistingStore, readAuthorities } from './open-store.ts'
import { describeSession, type OperatorSession } from './operator/sessions.ts'
import { createRing } from './parts.ts'
import { createRealms, loginRealmsOf, type Realms } from './realms.ts'
import { createSessionLifecycle, type SessionLifecycle } from './session/lifecycle.ts'
import type { Session } from './session/session.ts'
import { createSessionAdministration, type SessionSelection } from './session/session-administration.ts'
import type { SessionStore } from './session/session-store.ts'
import { endSecondLogins } from './tokens/end-second-logins.ts'

/** Its methods reject with `ERR_STORE_UNAVAILABLE`. */
export interface StoredSessions {
  /** At most `limit` of all, `next` goes on from there; where some are selected, all of them. */
  list(
    selection: SessionSelection,
    after: string | null,
    limit: number,
  ): Promise<{ readonly sessions: readonly OperatorSession[]; readonly next: string | null }>
  /** `unconfirmed`: how many of them may live on at their realm, which did not answer. */
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
  const realms = openRealms(config)
  const endings: Promise<boolean>[] = []
  const lifecycle = createLifecycle(config, store, (session) => endings.push(endAtRealm(session, realms)))
  const issuers = loginRealmsOf(config).map(([, { issuer }]) => issuer)
  const administration = createSessionAdministration({ lifecycle, store, issuers, limits: config.session })
  return {
    async list(selection, after, limit) {
      const { sessions, next } = await administration.list(selection, after, limit)
      return { sessions: sessions.map(describeSession), next }
    },
    async end(selection) {
      const ended = await administration.end(selection)
      const confirmed = await Promise.all(endings.splice(0))
      return { ended, unconfirmed: confirmed.filter((isConfirmed) => !isConfirmed).length }
    },
    async close() {
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
  onEnded: (session: Session) => void,
): SessionLifecycle {
  return createSessionLifecycle({
    store,
    sealer: createSealer(createRing(config, systemClock), 'session'),
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

/** True when the realm, and those of second logins, have confirmed the end. Never rejects. */
async function endAtRealm(session: Session, realms: Realms): Promise<boolean> {
  const realm = findRealm(realms)(session.realm)
  const { refreshToken } = session.tokens
  if (realm?.issuer !== session.issuer || refreshToken === null) return false
  try {
    // Asks for the metadata, without which nobody knows where to log out.
    await realms.byName(session.realm).announcesIssuer()
  } catch {
    return false
  }
  const [isEnded, areSecondEnded] = await Promise.all([
    realm.endSession(refreshToken),
    endSecondLogins(session, findRealm(realms)),
  ])
  return isEnded && areSecondEnded
}
