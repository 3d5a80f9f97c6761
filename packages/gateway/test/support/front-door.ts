// Login, account and logout as one replica has them, over a memory store and a scripted realm.
import { randomBytes } from 'node:crypto'
import type { UserOptions } from '../../src/account/user.ts'
import type { Reply } from '../../src/http/reply.ts'
import type { Frontends } from '../../src/http/return-to.ts'
import { createMac } from '../../src/kernel/mac.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import type { FinishLoginOptions } from '../../src/login/finish-attempt.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import type { AllowedParameters } from '../../src/login/login-parameters.ts'
import { startLogin } from '../../src/login/start-login.ts'
import type { LogoutOptions } from '../../src/logout/logout.ts'
import { createRealmEndings } from '../../src/logout/realm-endings.ts'
import type { Session } from '../../src/session/session.ts'
import { createCookies } from '../../src/session/session-cookie.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { endSecondLogins } from '../../src/tokens/end-second-logins.ts'
import { type CookieJar, createCookieJar, FROM_REALM, locationOf } from './cookie-jar.ts'
import { createReplicaSet, LIMITS } from './lifecycle.ts'
import { createScriptedParty, ISSUER, type ScriptedParty } from './scripted-party.ts'

export const ANY_PARAMETER: AllowedParameters = {
  kc_idp_hint: 'any',
  force: 'any',
  prompt: 'any',
  max_age: 'any',
  login_hint: 'any',
  ui_locales: 'any',
  acr_values: 'any',
  kc_action: 'any',
}

export const FRONTENDS: Frontends = {
  ownOrigin: 'https://app.example',
  otherOrigins: ['https://admin.example'],
  homes: new Map([
    ['https://app.example', '/'],
    ['https://admin.example', '/desk'],
  ]),
  excludedPaths: ['/auth/login', '/auth/callback', '/auth/logout'],
}

export const SESSION_COOKIE = '__Host-Http-doorman'
/** The issuer of the second realm. */
export const MODELS = 'https://sso.example/realms/models'

export function createRing() {
  const keys = [{ id: '8899aabbccddeeff', secret: randomBytes(32) }]
  return { keys: () => keys, reload() {} }
}

/** `changeStore`: what the replica sees of the store. */
export function createFrontDoor(announcesIssuer = true, changeStore = (store: SessionStore) => store) {
  const { clock, store: kept, replica } = createReplicaSet()
  const store = changeStore(kept)
  const { lifecycle: sessions, events, bus } = replica(store)
  const ring = createRing()
  const realm = createScriptedParty(announcesIssuer)
  const cookies = createCookies({
    publicUrl: 'https://app.example',
    prefix: '__Host-Http-',
    name: 'doorman',
    realm: null,
    sameSite: 'Lax',
  })
  const wait = async (seconds: number) => clock.advance(seconds)
  const models: ScriptedParty = { ...createScriptedParty(), realm: 'models', issuer: MODELS }
  const findRealm = (name: string) => [realm, models].find((party) => party.realm === name)
  const common = {
    realm,
    sessions,
    store,
    cookies,
    events: bus,
    frontends: FRONTENDS,
    endSecondLogins: (session: Session) => endSecondLogins(session, findRealm),
    wait,
  }
  const realmEndings = createRealmEndings({
    store,
    sealer: createSealer(ring, 'realm-endings'),
    sessions,
    findRealm,
    events: bus,
    maxEndings: 10,
    patienceSeconds: 0.05,
    busySeconds: 60,
    quietSeconds: 60,
  })
  const told: string[] = []
  const login: FinishLoginOptions = {
    ...common,
    sealer: createSealer(ring, 'login-attempt'),
    parameters: ANY_PARAMETER,
    loginPath: '/auth/login',
    redirectUri: 'https://app.example/auth/callback',
    maxAttempts: 5,
    attemptSeconds: 600,
    keptAddress: 'network',
    afterLimit: 'sso',
    maxPerUser: null,
    tenantsOf: null,
    appendsSid: false,
    waitSeconds: 5,
  }
  const logoutMac = createMac(ring, 'logout-proof')
  const paths = { logoutPath: '/auth/logout', loggedOutPath: '/auth/logged-out' }
  const user: UserOptions = {
    ...paths,
    loginUrl: 'https://app.example/auth/login',
    sessions,
    cookies,
    limits: LIMITS,
    claims: ['sub', 'name', 'email'],
    anonymous: 401,
    origins: ['https://app.example', 'https://admin.example'],
    tenantsOf: null,
    logoutMac,
    credentials: { freshen: (live) => ({ kind: 'fresh', live }) },
  }
  const logout: LogoutOptions = {
    ...common,
    ...paths,
    sealer: createSealer(ring, 'logout-ticket'),
    logoutMac,
    postLogoutRedirectUri: 'https://app.example/auth/logged-out',
    endAtRealms: (session) => realmEndings.end(session, 'resumable'),
    tellEnded: (key) => void told.push(key),
    realmSeconds: 3,
    keepsCookieOfEnded: false,
    judgeGet: null,
    // Never in time for a realm that answers: that race is a test of its own.
    wait: () => new Promise(() => {}),
  }
  return { clock, store, sessions, events, told, realm, models, cookies, login, user, logout }
}

export type FrontDoor = ReturnType<typeof createFrontDoor>

/** What the realm sends the browser back with; the state is that of the newest attempt. */
export function callbackUrl(door: FrontDoor, changes: Readonly<Record<string, string>> = {}): string {
  const state = door.realm.asked.at(-1)?.state ?? ''
  const query = { state, iss: ISSUER, ...('error' in changes ? {} : { code: 'code-1' }), ...changes }
  return `/auth/callback?${new URLSearchParams(query)}`
}

export async function begin(door: FrontDoor, jar: CookieJar, query = ''): Promise<string> {
  return locationOf(jar.take(await startLogin(jar.request(`/auth/login${query}`), door.login)))
}

export async function finish(door: FrontDoor, jar: CookieJar, url = callbackUrl(door)): Promise<Reply> {
  return jar.take(await finishLogin(jar.request(url, FROM_REALM), door.login))
}

/** A browser with a live session. */
export async function logIn(door: FrontDoor): Promise<CookieJar> {
  const jar = createCookieJar()
  await begin(door, jar)
  await finish(door, jar)
  return jar
}
