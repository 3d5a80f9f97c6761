// A realm's parts put together behind the port of `relying-party.ts`.
import {
  allowInsecureRequests,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  Configuration,
  calculatePKCECodeChallenge,
} from 'openid-client'
import { type ClientAuthOptions, createClientAuth } from './client-auth.ts'
import { createSendAsClient, type SendAsClient } from './client-request.ts'
import { requestClientToken } from './client-token.ts'
import { createDiscovery, type DiscoveryOptions } from './discovery.ts'
import { exchangeToken } from './exchange-token.ts'
import { introspect } from './introspect.ts'
import { checkIntrospection, type IntrospectionCheckOptions } from './introspection-check.ts'
import { type JwsVerdict, verifyJws } from './jws.ts'
import { createKeySet, type KeySetOptions } from './key-set.ts'
import { verifyLogoutToken } from './logout-token.ts'
import type { RealmMetadata } from './metadata.ts'
import { type ProbeOptions, probeClient } from './probe.ts'
import { createPublicFetch } from './public-documents.ts'
import { createRealmFetch, type RealmFetchOptions } from './realm-fetch.ts'
import { redeemAssertion } from './redeem-assertion.ts'
import { redeemCode } from './redeem-code.ts'
import { type RefreshRules, refreshTokens } from './refresh-tokens.ts'
import type { RelyingParty } from './relying-party.ts'
import { createRenewal, type RenewalOptions } from './renewal.ts'

export interface RelyingPartyOptions
  extends RealmFetchOptions,
    DiscoveryOptions,
    KeySetOptions,
    RefreshRules,
    ProbeOptions,
    IntrospectionCheckOptions,
    RenewalOptions {
  readonly clientAuth: ClientAuthOptions
}

function createConfiguration(options: RelyingPartyOptions, metadata: RealmMetadata): Configuration {
  const server = {
    issuer: options.issuer,
    authorization_endpoint: metadata.authorizationEndpoint,
    ...(metadata.endSessionEndpoint === null ? {} : { end_session_endpoint: metadata.endSessionEndpoint }),
  }
  const configuration = new Configuration(server, options.clientId)
  // Only builds addresses; whether http is fit for a realm is the configuration's decision.
  allowInsecureRequests(configuration)
  return configuration
}

async function endRealmSession(send: SendAsClient, logoutUrl: URL | null, refreshToken: string): Promise<boolean> {
  if (logoutUrl === null) return false
  try {
    const { status } = await send('logout', () => logoutUrl, { refresh_token: refreshToken })
    return status === 200 || status === 204
  } catch {
    return false
  }
}

/** Throws `ERR_CONFIG_INVALID` for a CA bundle or private key that cannot be used. Asks nothing before `start`. */
export function createRelyingParty(options: RelyingPartyOptions): RelyingParty {
  const { realm, issuer, clientId } = options
  const fetch = createRealmFetch(options)
  const discovery = createDiscovery(options, fetch)
  const keySet = createKeySet(options, fetch, async () => (await discovery.current()).jwksUrl)
  const send = createSendAsClient(discovery, createClientAuth(options), fetch)
  const obtaining = {
    requestClientToken: (scopes: readonly string[]) => requestClientToken(scopes, options, send),
    introspect: (token: string) => introspect(token, clientId, send),
  }
  const renewal = createRenewal(
    options,
    discovery,
    (metadata) => probeClient(options, metadata, fetch, send),
    () => checkIntrospection(options, obtaining),
  )

  async function verifySignature(idToken: string): Promise<JwsVerdict> {
    const verdict = await verifyJws(idToken, 'jwt', options.idTokenAlgorithms, keySet)
    if (verdict.kind === 'verified' && typeof verdict.claims.iat === 'number') fetch.noteIssuedAt(verdict.claims.iat)
    return verdict
  }

  return {
    realm,
    issuer,
    async buildAuthorizationUrl(request) {
      const configuration = createConfiguration(options, await discovery.current())
      return buildAuthorizationUrl(configuration, {
        ...request.parameters,
        response_type: 'code',
        scope: options.scopes.join(' '),
        redirect_uri: request.redirectUri,
        state: request.state,
        nonce: request.nonce,
        code_challenge: await calculatePKCECodeChallenge(request.codeVerifier),
        code_challenge_method: 'S256',
        client_id: clientId,
      })
    },
    announcesIssuer: async () => (await discovery.current()).announcesIssuer,
    redeemCode: (redemption) => redeemCode(redemption, options, send, verifySignature),
    refresh: (refreshToken, subject) => refreshTokens(refreshToken, subject, options, send, verifySignature),
    exchangeToken: (request) => exchangeToken(request, options, send),
    ...obtaining,
    redeemAssertion: (assertion, scopes) => redeemAssertion(assertion, scopes, options, send),
    verifyLogoutToken: (token) =>
      verifyLogoutToken(token, options.idTokenAlgorithms, keySet, { ...options, now: options.clock() }),
    fetch: createPublicFetch(options, fetch),
    endSession: (refreshToken) => endRealmSession(send, discovery.known()?.logoutUrl ?? null, refreshToken),
    buildEndSessionUrl({ idTokenHint, postLogoutRedirectUri, state }) {
      const metadata = discovery.known()
      if (metadata === null || metadata.endSessionEndpoint === null) return null
      return buildEndSessionUrl(createConfiguration(options, metadata), {
        ...(idTokenHint === null ? {} : { id_token_hint: idTokenHint }),
        post_logout_redirect_uri: postLogoutRedirectUri,
        state,
        client_id: clientId,
      })
    },
    readiness: renewal.readiness,
    clockSkewSeconds: fetch.clockSkewSeconds,
    metadataExpiresAt: discovery.expiresAt,
    start: renewal.start,
    async close() {
      await renewal.stop()
      await fetch.close()
    },
  }
}
