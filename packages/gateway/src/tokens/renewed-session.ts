import type { RefreshResult } from '../realm/relying-party.ts'
import { distinctClaims, type Session } from '../session/session.ts'

/** The session with what a refresh brought. Pure. @see RFC 6749 section 6: without a new refresh token the old one stays. */
export function renewedSession(session: Session, result: RefreshResult & { readonly kind: 'refreshed' }): Session {
  const { tokens } = result
  const claims = result.claims ?? session.claims
  return {
    ...session,
    tokens: {
      ...tokens,
      refreshToken: tokens.refreshToken ?? session.tokens.refreshToken,
      refreshTokenExpiresAt:
        tokens.refreshToken === null ? session.tokens.refreshTokenExpiresAt : tokens.refreshTokenExpiresAt,
      idToken: tokens.idToken ?? session.tokens.idToken,
    },
    claims,
    roles: result.roles,
    accessClaims: distinctClaims(result.accessClaims, claims),
  }
}
