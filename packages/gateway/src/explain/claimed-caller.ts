// Somebody made of claims alone, for an explanation: no session and no token stands behind them.
import { callerFromClaims } from '@doorman/resource-server'
import type { GatewayConfig } from '../config/gateway-config.ts'
import { ANONYMOUS, bearerPrincipal, type Principal, sessionPrincipal } from '../policy/principal.ts'
import { SESSION_FORMAT, type Session } from '../session/session.ts'

export interface ClaimedCaller {
  /** As Keycloak writes them into access tokens and ID tokens; null for nobody. */
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly via: 'session' | 'bearer'
}

const NO_TOKENS: Session['tokens'] = {
  accessToken: '',
  accessTokenExpiresAt: Number.POSITIVE_INFINITY,
  refreshToken: null,
  refreshTokenExpiresAt: null,
  idToken: null,
}

/** Somebody of the login realm that `iss` names; of the first one when it names none. */
export function principalOfClaims({ claims, via }: ClaimedCaller, config: GatewayConfig): Principal {
  if (claims === null) return ANONYMOUS
  const caller = callerFromClaims('realm', structuredClone(claims))
  const named = Object.entries(config.realms).find(([, { obtain, issuer }]) => obtain === null && issuer === claims.iss)
  const realm = named?.[0] ?? config.loginRealm
  if (via === 'bearer') return bearerPrincipal(caller, '', realm)
  const session: Session = {
    format: SESSION_FORMAT,
    realm,
    issuer: caller.issuer,
    subject: caller.subject,
    sid: null,
    handle: "the session's public handle",
    tokens: NO_TOKENS,
    claims: caller.claims,
    roles: { realmRoles: caller.roles, clientRoles: caller.clientRoles },
    accessClaims: {},
    secondLogins: {},
    device: { userAgent: null, address: null },
    lost: null,
    healedAt: null,
    createdAt: 0,
    refreshDueAt: Number.POSITIVE_INFINITY,
    absoluteEndAt: Number.POSITIVE_INFINITY,
  }
  const live = { key: '', version: 1, session, authorization: '', lastUsedAt: 0, writtenUseAt: 0 }
  return sessionPrincipal(live, config.realms[realm]?.clientId ?? '')
}
