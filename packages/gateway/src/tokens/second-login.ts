// The tokens of a second login, as the session of the first keeps them. Neither touches the session's own tokens nor who
// is logged in.
import type { EpochSeconds } from '../kernel/time.ts'
import type { RefreshResult } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { refreshDueAt, type SecondLogin, type Session } from '../session/session.ts'
import { writeOnto } from './write-onto.ts'

/**
 * Puts the tokens of a second login into the session, in place of older ones; `false` when it has ended.
 * Rejects with `ERR_STORE_UNAVAILABLE`.
 */
export async function storeSecondLogin(
  live: LiveSession,
  realm: string,
  login: SecondLogin,
  sessions: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>,
): Promise<boolean> {
  const written = await writeOnto(live, (session) => withLogin(session, realm, login), sessions)
  return written.kind === 'written'
}

export function withLogin(session: Session, realm: string, login: SecondLogin): Session {
  return { ...session, secondLogins: { ...session.secondLogins, [realm]: login } }
}

export function withoutLogin(session: Session, realm: string): Session {
  const { [realm]: _, ...others } = session.secondLogins
  return { ...session, secondLogins: others }
}

/** RFC 6749 section 6: without a new refresh token the old one stays. */
export function renewedLogin(
  login: SecondLogin,
  { tokens, accessClaims }: RefreshResult & { readonly kind: 'refreshed' },
  now: EpochSeconds,
  marginSeconds: number,
): SecondLogin {
  const { refreshToken, refreshTokenExpiresAt, idToken } = login.tokens
  const kept = tokens.refreshToken === null ? { refreshToken, refreshTokenExpiresAt } : {}
  return {
    ...login,
    tokens: { ...tokens, ...kept, idToken: tokens.idToken ?? idToken },
    scope: typeof accessClaims.scope === 'string' ? accessClaims.scope : login.scope,
    refreshDueAt: refreshDueAt(tokens, now, marginSeconds),
  }
}
