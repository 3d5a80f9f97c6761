// The realm as a relying party sees it, with every answer written by the test. Only for tests of single endpoints;
// flows run against a real one.
import { GatewayError } from '../../src/kernel/errors.ts'
import type { AuthorizationRequest, CodeRedemption, Redeemed, RelyingParty } from '../../src/realm/relying-party.ts'
import { buildTokens } from './sessions.ts'

export const ISSUER = 'https://sso.example/realms/main'

export interface ScriptedParty extends RelyingParty {
  readonly asked: readonly AuthorizationRequest[]
  readonly redeemed: readonly CodeRedemption[]
  readonly ended: readonly string[]
  /** What `redeemCode` answers from now on. */
  onRedeem(answer: () => Promise<Redeemed>): void
  onEndSession(answer: () => Promise<boolean>): void
  /** What fails before the browser can be sent anywhere. */
  onAuthorize(failure: () => void): void
  withoutEndSession(): void
}

export function buildRedeemed(changes: Partial<Redeemed> = {}): Redeemed {
  return {
    tokens: buildTokens(),
    claims: { iss: ISSUER, sub: 'alice-id', aud: 'web', exp: 9999, iat: 1000, sid: 'realm-session-1', name: 'Alice' },
    roles: { realmRoles: ['user'], clientRoles: { reports: ['reader'] } },
    accessClaims: {},
    ...changes,
  }
}

const NOT_SCRIPTED = { kind: 'unavailable', because: 'not scripted', retryAfterSeconds: null } as const

export function createScriptedParty(announces = true): ScriptedParty {
  const asked: AuthorizationRequest[] = []
  const redeemed: CodeRedemption[] = []
  const ended: string[] = []
  let redeem = async () => buildRedeemed()
  let endSession = async () => true
  let authorize = () => {}
  let hasEndSession = true
  return {
    realm: 'main',
    issuer: ISSUER,
    asked,
    redeemed,
    ended,
    onRedeem: (answer) => {
      redeem = answer
    },
    onEndSession: (answer) => {
      endSession = answer
    },
    onAuthorize: (failure) => {
      authorize = failure
    },
    withoutEndSession: () => {
      hasEndSession = false
    },
    async buildAuthorizationUrl(request) {
      authorize()
      asked.push(request)
      return new URL(`${ISSUER}/auth?${new URLSearchParams({ state: request.state, ...request.parameters })}`)
    },
    announcesIssuer: async () => announces,
    redeemCode(redemption) {
      redeemed.push(redemption)
      return redeem()
    },
    refresh: async () => ({ kind: 'rejected', because: 'not scripted', isEnd: true }),
    exchangeToken: async () => NOT_SCRIPTED,
    requestClientToken: async () => NOT_SCRIPTED,
    redeemAssertion: async () => NOT_SCRIPTED,
    introspect: async () => null,
    verifyLogoutToken: () => Promise.reject(new GatewayError('ERR_LOGOUT_TOKEN_INVALID', { reason: 'not scripted' })),
    fetch: globalThis.fetch,
    endSession(refreshToken) {
      ended.push(refreshToken)
      return endSession()
    },
    buildEndSessionUrl({ idTokenHint, postLogoutRedirectUri, state }) {
      if (!hasEndSession) return null
      const query = new URLSearchParams({ post_logout_redirect_uri: postLogoutRedirectUri, state })
      if (idTokenHint !== null) query.set('id_token_hint', idTokenHint)
      return new URL(`${ISSUER}/logout?${query}`)
    },
    readiness: () => ({ kind: 'ready' }),
    clockSkewSeconds: () => 0,
    metadataExpiresAt: () => Number.POSITIVE_INFINITY,
    start() {},
    close: async () => {},
  }
}
