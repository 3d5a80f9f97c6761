// The realm as one thing: constructs its parts and connects them.
import { createAuthorizationCodes } from './authorization-codes.ts'
import { endUserSession } from './backchannel-logout.ts'
import { type Calls, createCallRecorder } from './calls.ts'
import { createDirectory, type Directory } from './directory.ts'
import { createFaultPlan } from './fault-plan.ts'
import type { Faults } from './faults.ts'
import { createIdentityProviders } from './identity-providers.ts'
import { createLoginServer } from './login-server.ts'
import { type LoopbackListener, listenOnLoopback } from './loopback-listener.ts'
import { DEFAULT_SETTINGS, DEV_USERS, type DevRealmOptions, type RealmSettings } from './options.ts'
import { createRealmHandler } from './realm-handler.ts'
import { createRequestListener } from './realm-server.ts'
import type { RealmState } from './realm-state.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { createSessions } from './sessions.ts'
import { createSigningKeys } from './signing-keys.ts'

/** A session as an administrator sees it. */
export interface RealmSession {
  readonly sid: string
  readonly username: string
  readonly clientIds: readonly string[]
}

export interface DevRealm {
  /** `http://localhost:PORT/realms/NAME`. */
  readonly issuer: string
  /** `http://localhost:PORT`. */
  readonly url: string
  readonly port: number
  /** Writable; the next request sees it. */
  readonly settings: RealmSettings
  readonly faults: Faults
  readonly calls: Calls
  /** Reads and changes people and clients, as an administrator would. */
  readonly directory: Directory
  /** Sessions that have not ended. */
  sessions(): readonly RealmSession[]
  /** As an administrator does: resolves when the clients that want to know have been told, and the session has ended. */
  endSession(sid: string): Promise<void>
  /** All of a person's sessions, one after the other. */
  endSessionsOf(username: string): Promise<void>
  /** A new key signs at once; the old ones stay published, or are gone. */
  rotateKeys(old: 'keep' | 'remove'): Promise<void>
  /** Refuses connections and keeps all state, as a realm that is restarted with its database. */
  stopListening(): Promise<void>
  /** Takes connections again, on the same port. */
  startListening(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts a realm on loopback. Everything is in memory and gone with the process. Refuses under NODE_ENV=production
 * (`TypeError`); fails with Node's own `EADDRINUSE` when the port is taken.
 */
export async function startDevRealm(options: DevRealmOptions): Promise<DevRealm> {
  if (process.env.NODE_ENV === 'production')
    throw new TypeError('the development realm lets anybody in without a password: it does not start in production')
  const realm = options.realm ?? 'main'
  const calls = createCallRecorder()
  const faults = createFaultPlan()
  const ready = Promise.withResolvers<ReturnType<typeof createRequestListener>>()
  // The issuer names the port, so the port comes first; who asks early waits.
  const listener = await listenOnLoopback(options.port ?? 0, async (incoming, outgoing) => {
    const answer = await ready.promise
    answer(incoming, outgoing)
  })
  const state = await createState(options, realm, listener.port, faults)
  const server = createLoginServer(state, listener.port)
  const handle = createRealmHandler(state, server)
  ready.resolve(createRequestListener({ realmPath: `/realms/${realm}`, calls, faults, handle }))
  return buildRealm(state, listener, calls)
}

async function createState(
  options: DevRealmOptions,
  realm: string,
  port: number,
  faults: RealmState['faults'],
): Promise<RealmState> {
  const issuer = `http://localhost:${port}/realms/${realm}`
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  return {
    realm,
    issuer,
    settings,
    faults,
    directory: createDirectory(options.users ?? DEV_USERS, options.clients),
    sessions: createSessions(settings),
    keys: await createSigningKeys(realm),
    codes: createAuthorizationCodes(),
    refreshTokens: createRefreshTokens(issuer),
    identityProviders: createIdentityProviders(options.identityProviders ?? []),
    revokedTokenIds: new Set(),
    usedAssertions: new Set(),
    onTokenUse: options.onTokenUse ?? (() => {}),
  }
}

function buildRealm(state: RealmState, listener: LoopbackListener, calls: Calls): DevRealm {
  const live = () => state.sessions.list().filter((session) => !session.ended)
  const nameOf = (userId: string) => state.directory.findUser(userId)?.username ?? userId
  return {
    issuer: state.issuer,
    url: `http://localhost:${listener.port}`,
    port: listener.port,
    settings: state.settings,
    faults: state.faults,
    calls,
    directory: state.directory,
    sessions: () =>
      live().map(({ sid, userId, clients }) => ({ sid, username: nameOf(userId), clientIds: [...clients.keys()] })),
    endSession: (sid) => endUserSession(state, state.sessions.find(sid)),
    async endSessionsOf(username) {
      const sessions = live().filter(({ userId }) => nameOf(userId) === username)
      for (const session of sessions) await endUserSession(state, session)
    },
    rotateKeys: state.keys.rotate,
    stopListening: listener.stop,
    startListening: listener.start,
    async close() {
      state.faults.clear()
      await listener.stop()
    },
  }
}
