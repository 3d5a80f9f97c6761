// `/auth/backchannel-logout`: one address for all realms.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { Events } from './kernel/events.ts'
import type { CreateLimiter } from './limiters.ts'
import { backchannelLogout, type LogoutRealm } from './logout/backchannel-logout.ts'
import type { RealmEndings } from './logout/realm-endings.ts'
import { KEY_SET_COOLDOWN_SECONDS, type Realms } from './realms.ts'
import type { Endpoint } from './routes.ts'
import { createLateEndings } from './session/late-endings.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { SessionStore } from './session/session-store.ts'
import type { SessionWatches } from './session/session-watch.ts'

/** Of one address: a realm that logs everybody out says it once for each of them, all at once, and never again. */
const LIMIT = { requests: 30_000, windowSeconds: 60, burst: 0, by: 'ip', isShared: false } as const

/** Anybody can send tokens under keys that nobody has, of 8 kB each. */
const MAX_HEARD_LATER = 1000

export interface BackchannelParts {
  readonly config: GatewayConfig
  readonly realms: Realms
  readonly sessions: SessionLifecycle
  readonly store: SessionStore
  readonly endings: RealmEndings
  readonly events: Events
  readonly tellEnded: SessionWatches['tellEnded']
  readonly createLimiter: CreateLimiter
}

export interface BackchannelEndpoint {
  readonly entry: readonly [path: string, endpoint: Endpoint]
  /** Does at once what waits for a realm's keys or for the store: no realm says it again. Never rejects. */
  close(): Promise<void>
}

export function createBackchannelEndpoint(parts: BackchannelParts): BackchannelEndpoint {
  const { config, realms, sessions, store, endings, events } = parts
  const late = createLateEndings()
  const later = createLaterHearing()
  const options = {
    realms: Object.keys(config.realms).map((name) => createLogoutRealm(name, config, realms)),
    sessions,
    store,
    events,
    tellEnded: parts.tellEnded,
    late,
    hearLater: later.add,
    revoke: (session: Parameters<RealmEndings['end']>[0]) => void endings.end(session, 'final'),
  }
  const endpoint: Endpoint = {
    name: 'backchannel-logout',
    methods: ['POST'],
    // Realms are no browsers, and what proves who they are is in the form.
    guardsForgery: false,
    limiter: parts.createLimiter(LIMIT, 'backchannel-logout'),
    // What is refused here is never said again.
    countsInLimit: false,
    answer: (request, readForm) => backchannelLogout(request, readForm, options),
  }
  return {
    entry: [config.endpoints.backchannelLogout, endpoint],
    async close() {
      await later.close()
      await late.close()
    },
  }
}

function createLaterHearing() {
  const waiting = new Map<() => Promise<void>, NodeJS.Timeout>()

  async function run(hear: () => Promise<void>): Promise<void> {
    clearTimeout(waiting.get(hear))
    waiting.delete(hear)
    await hear().catch(() => undefined)
  }

  return {
    add(hear: () => Promise<void>): void {
      if (waiting.size >= MAX_HEARD_LATER) return
      waiting.set(hear, setTimeout(() => void run(hear), (KEY_SET_COOLDOWN_SECONDS + 1) * 1000).unref())
    },
    async close() {
      await Promise.all([...waiting.keys()].map(run))
    },
  }
}

function createLogoutRealm(name: string, config: GatewayConfig, realms: Realms): LogoutRealm {
  const { realm, issuer, verifyLogoutToken } = realms.byName(name)
  const settings = config.realms[name]
  if (settings === undefined) throw new TypeError(`no realm ${name}`)
  return { realm, issuer, verifyLogoutToken, clientId: settings.clientId, isLoginRealm: settings.obtain === null }
}
