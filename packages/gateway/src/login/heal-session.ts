// A silent login in the place of a session whose tokens are lost: the same person with the same tenants, or nothing.
// Whatever becomes of it, it is tried once; only a realm that is in trouble leaves the session as it was.
import { buildClearCookie } from '../http/cookies.ts'
import { buildErrorPage } from '../http/pages.ts'
import type { Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import type { RealmError } from './authorization-response.ts'
import type { CodeResponse, FinishLoginOptions } from './finish-attempt.ts'
import type { LoginAttempt } from './login-attempt.ts'
import { clearLoginCount } from './login-loop.ts'
import { clearAttempt, leave, tellRefused } from './login-refusal.ts'
import { letIn, openSession } from './open-session.ts'
import { buildLoginUrl } from './start-login.ts'

/** The session that an attempt is to heal, if this browser still has it. */
export function sessionToHeal({ heals }: LoginAttempt, own: SessionLookup): LiveSession | undefined {
  return own.kind === 'lost' && own.live.key === heals ? own.live : undefined
}

export async function healSession(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  redeemed: Redeemed,
  found: LiveSession,
  options: FinishLoginOptions,
): Promise<Reply> {
  const { sessions } = options
  const lost = await sessions.reread(found)
  if (lost === undefined) return leave(attempt, options)
  const difference = findDifference(lost.session, redeemed, options)
  if (difference !== null) return giveUpHealing(request, attempt, lost, difference, options)
  const opened = await openSession(request, redeemed, { heals: lost, continues: null }, options)
  // Only now, so that no fault between the two leaves the person with neither; and whoever ended the old one meanwhile
  // (a logout, an administrator, another tab that healed it) has ended this one as well.
  if (!(await sessions.end(lost, 'healed', 'a silent login took its place'))) {
    await sessions.end(opened.live, 'healed', 'the session whose place it was to take had ended')
    return leave(attempt, options)
  }
  return letIn(request, attempt, response, opened, false, options)
}

/** For the log; null when it is the same person, with the same tenants. */
function findDifference(lost: Session, { claims, accessClaims }: Redeemed, options: FinishLoginOptions): string | null {
  const { realm, tenantsOf } = options
  if (lost.issuer !== realm.issuer || lost.subject !== claims.sub) return 'another person'
  if (tenantsOf === null) return null
  const tenants = new Set(tenantsOf(lost))
  const isSame = tenants.symmetricDifference(new Set(tenantsOf({ claims, accessClaims }))).size === 0
  return isSame ? null : 'other tenants'
}

/** The realm's refusal of a silent login; null while it is the realm that is in trouble. */
export function answerUnhealed(
  request: GatewayRequest,
  attempt: LoginAttempt,
  error: RealmError,
  own: SessionLookup,
  options: FinishLoginOptions,
): Promise<Reply> | null {
  if (error === 'server_error') return null
  // Another tab was first, or somebody has logged in.
  if (own.kind === 'active') return Promise.resolve(leave(attempt, options))
  return giveUpHealing(request, attempt, sessionToHeal(attempt, own), error, options)
}

/** Ends the session, once, and says so on a page: what goes on from there is for the person to do. */
async function giveUpHealing(
  request: GatewayRequest,
  attempt: LoginAttempt,
  lost: LiveSession | undefined,
  because: string,
  options: FinishLoginOptions,
): Promise<Reply> {
  if (lost !== undefined) await options.sessions.end(lost, 'realm', `lost, and not to be healed: ${because}`)
  tellRefused(request, 'ERR_SESSION_LOST', because, options)
  const cleared = lost === undefined ? [] : [buildClearCookie(options.cookies.session)]
  return buildErrorPage('ERR_SESSION_LOST', {
    requestId: request.id,
    loginUrl: buildLoginUrl(options.loginPath, attempt.returnTo),
    headers: [...cleared, clearAttempt(attempt, options), clearLoginCount(options.cookies)],
  })
}
