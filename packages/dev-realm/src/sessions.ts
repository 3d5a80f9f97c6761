// Sessions as Keycloak keeps them: one per browser and person, inside it one per client. A token lives as long as the
// client session that it names.
import { randomBytes } from 'node:crypto'
import type { RealmSettings } from './options.ts'
import type { ReuseState } from './refresh-rotation.ts'

export interface ClientSession {
  readonly id: string
  readonly clientId: string
  /** By chain: each redeemed code begins one. */
  readonly reuse: Map<string, ReuseState>
  /** How its last login was done. */
  acr: string
  /** What its last login or exchange asked for: without `openid` in it, Keycloak gives no ID token at a refresh. */
  askedScope: string
}

export interface UserSession {
  readonly sid: string
  readonly userId: string
  /** The login server's own name for the browser's session. */
  readonly browserSession: string
  readonly startedAt: number
  readonly clients: Map<string, ClientSession>
  lastUsedAt: number
  authTime: number
  ended: boolean
}

export interface Sessions {
  open(browserSession: string, userId: string, now: number): UserSession
  find(sid: string): UserSession | undefined
  findByBrowser(browserSession: string): UserSession | undefined
  /** The client's part of the session, begun when there is none. */
  attach(session: UserSession, clientId: string): ClientSession
  isLive(session: UserSession, now: number): boolean
  list(): readonly UserSession[]
}

export function createSessions(settings: RealmSettings): Sessions {
  const bySid = new Map<string, UserSession>()
  const byBrowser = new Map<string, UserSession>()

  function open(browserSession: string, userId: string, now: number): UserSession {
    const session: UserSession = {
      // Keycloak 26.5 and later: 24 characters of base64, not a UUID.
      sid: randomBytes(18).toString('base64url'),
      userId,
      browserSession,
      startedAt: now,
      clients: new Map(),
      lastUsedAt: now,
      authTime: now,
      ended: false,
    }
    bySid.set(session.sid, session)
    byBrowser.set(browserSession, session)
    return session
  }

  return {
    open,
    find: (sid) => bySid.get(sid),
    findByBrowser: (browserSession) => byBrowser.get(browserSession),
    attach(session, clientId) {
      const found = session.clients.get(clientId)
      if (found !== undefined) return found
      const begun = { id: randomBytes(8).toString('hex'), clientId, reuse: new Map(), acr: '1', askedScope: '' }
      session.clients.set(clientId, begun)
      return begun
    },
    isLive: (session, now) => !session.ended && now < sessionEndsAt(session, settings),
    list: () => [...bySid.values()],
  }
}

export function sessionEndsAt(session: UserSession, settings: RealmSettings): number {
  return Math.min(session.lastUsedAt + settings.ssoIdleSeconds, session.startedAt + settings.ssoMaxSeconds)
}
