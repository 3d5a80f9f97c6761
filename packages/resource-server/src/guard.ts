// The guard of a service: who is calling, by the access token alone.
import { parseAuthorization } from './authorization.ts'
import type { Caller } from './caller.ts'
import type { GuardOptions } from './guard-options.ts'
import { createIntrospect } from './introspection.ts'
import { createIssuerCall } from './issuer-call.ts'
import { createIssuerMetadata } from './issuer-metadata.ts'
import { createKeySet } from './key-set.ts'
import { invalidToken } from './refusals.ts'
import { type GuardSettings, type IssuerSettings, readGuardOptions } from './settings.ts'
import { TOKEN_MAX_CHARACTERS } from './token-form.ts'
import { createTokenVerifier, type TrustedIssuer } from './token-verifier.ts'
import { createVerifiedTokens, hashToken } from './verified-tokens.ts'

export interface Guard {
  /**
   * The caller an access token speaks of. Rejects with `BearerError`: 401 `invalid_token` when it is not to be
   * believed, 503 `temporarily_unavailable` when that cannot be found out at the moment.
   */
  verify(token: string): Promise<Caller>
  /**
   * As `verify`, for the value of an `Authorization` header. Rejects with 401 without a code when there is no bearer
   * token in it, with 400 `invalid_request` when it makes no sense.
   */
  authenticate(authorization: string | undefined): Promise<Caller>
}

function trust(issuer: IssuerSettings, settings: GuardSettings): TrustedIssuer {
  const call = createIssuerCall(settings)
  const metadata = createIssuerMetadata({ ...settings, issuer: issuer.issuer }, call)
  const jwksUrl = async () => issuer.jwksUrl ?? metadata.findEndpoint('jwks_uri')
  const keySet = createKeySet(settings, call, jwksUrl)
  const { introspection } = settings
  if (issuer.kind === 'internal' || introspection === null) return { settings: issuer, keySet, introspect: null }
  const findEndpoint = () => metadata.findEndpoint('introspection_endpoint')
  return { settings: issuer, keySet, introspect: createIntrospect(introspection, call, findEndpoint) }
}

/**
 * A guard for one service. Nothing is fetched before the first token.
 * Throws `TypeError` for options that contradict one another.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-4 RFC 9068, section 4}
 */
export function createGuard(options: GuardOptions): Guard {
  const settings = readGuardOptions(options)
  const verifyToken = createTokenVerifier(
    settings,
    settings.issuers.map((issuer) => trust(issuer, settings)),
  )
  const verified = createVerifiedTokens(settings)
  const asksEachTime = settings.introspection?.cacheSeconds === 0
  const flights = new Map<string, Promise<Caller>>()

  async function verify(token: string): Promise<Caller> {
    if (typeof token !== 'string' || token === '') throw invalidToken('malformed')
    if (token.length > TOKEN_MAX_CHARACTERS) throw invalidToken('size')
    if (settings.cachedTokens === 0) return (await verifyToken(token)).caller
    const tokenHash = hashToken(token)
    return verified.find(tokenHash) ?? (asksEachTime ? verifyAnew(token, tokenHash) : verifyOnce(token, tokenHash))
  }

  async function verifyAnew(token: string, tokenHash: string): Promise<Caller> {
    const fresh = await verifyToken(token)
    verified.keep(tokenHash, fresh)
    return fresh.caller
  }

  /** Requests with one token that arrive at once are one verification and one question to the realm. */
  function verifyOnce(token: string, tokenHash: string): Promise<Caller> {
    const running = flights.get(tokenHash)
    if (running !== undefined) return running
    const flight = verifyAnew(token, tokenHash).finally(() => flights.delete(tokenHash))
    flights.set(tokenHash, flight)
    return flight
  }

  return {
    verify,
    async authenticate(authorization) {
      return verify(parseAuthorization(authorization))
    },
  }
}
