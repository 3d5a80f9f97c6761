// The options of the logout, from the configuration and the parts.
import { createGetJudge } from './forgery-guard.ts'
import type { Mac } from './kernel/mac.ts'
import { createSealer } from './kernel/seal.ts'
import { waitLoosely } from './kernel/wait.ts'
import type { FinishLoginOptions } from './login/finish-attempt.ts'
import type { LoginParts } from './login-options.ts'
import type { LogoutOptions } from './logout/logout.ts'
import type { RealmEndings } from './logout/realm-endings.ts'
import { realmSuffix } from './realms.ts'
import type { SessionWatches } from './session/session-watch.ts'

const LOGOUT_REALM_SECONDS = 3

export interface LogoutParts extends LoginParts {
  readonly watches: SessionWatches
  readonly realmEndings: RealmEndings
}

export function buildLogoutOptions(
  login: FinishLoginOptions,
  logoutMac: Mac,
  { config, ring, realmEndings, watches, store }: LogoutParts,
): LogoutOptions {
  const { realm, cookies, sessions, events, frontends } = login
  const suffix = realmSuffix(realm.realm, config)
  const loggedOutPath = config.endpoints.loggedOut + suffix
  return {
    sealer: createSealer(ring, 'logout-ticket'),
    cookies,
    realm,
    sessions,
    store,
    events,
    frontends,
    logoutMac,
    logoutPath: config.endpoints.logout + suffix,
    loggedOutPath,
    postLogoutRedirectUri: config.publicUrl + loggedOutPath,
    endAtRealms: (session) => realmEndings.end(session, 'resumable'),
    tellEnded: watches.tellEnded,
    wait: waitLoosely,
    realmSeconds: LOGOUT_REALM_SECONDS,
    keepsCookieOfEnded: config.session.afterLimit === 'reauthenticate',
    judgeGet: config.alsoGet.includes('logout') ? createGetJudge(config) : null,
  }
}
