// What Keycloak's refusals of a token mean and which switch ends them. Keycloak tells most of them apart by the text
// of `error_description` alone, so this one file compares texts; a text that has changed falls back to the error word.
// Sentences name only what the configuration holds, never what the realm said.

export type TokenGrant = 'exchange' | 'clientCredentials' | 'jwtGrant'

/** What was asked for, as far as the configuration knows it. */
export interface RefusedRequest {
  readonly issuer: string
  readonly clientId: string
  /** Null where none is asked for. */
  readonly audience: string | null
  readonly scopes: readonly string[]
}

export type RefusalVerdict = 'subject-dead' | 'forbidden' | 'misconfigured' | 'unavailable'

export interface Refusal {
  readonly verdict: RefusalVerdict
  /** For operators: which switch, on which client. */
  readonly because: string
}

type Row = readonly [error: string, text: RegExp, verdict: RefusalVerdict, explain: (asked: RefusedRequest) => string]

const EXCHANGE: readonly Row[] = [
  ['invalid_request', /^Invalid token$/, 'subject-dead', () => 'the access token has expired or its session has ended'],
  [
    'invalid_request',
    /^Standard token exchange is not enabled/,
    'misconfigured',
    ({ clientId }) =>
      `client ${clientId} may not exchange tokens: switch on "Standard token exchange" there (attribute standard.token.exchange.enabled)`,
  ],
  [
    'invalid_request',
    /^Requested audience not available/,
    'forbidden',
    ({ audience, clientId }) =>
      `the person has no role of client ${audience}: grant one, or give client ${clientId} an optional client scope with an audience mapper for ${audience} and name it in credential.exchange.scope`,
  ],
  [
    'access_denied',
    /^Client is not within the token audience/,
    'misconfigured',
    ({ clientId }) =>
      `the access token is not for client ${clientId}: add an audience mapper for ${clientId} to the client the token was issued to`,
  ],
  ['invalid_client', /^Audience not found/, 'misconfigured', ({ audience }) => `the realm has no client ${audience}`],
  [
    'invalid_client',
    /^Client disabled/,
    'misconfigured',
    ({ audience }) => `client ${audience} is disabled: enable it`,
  ],
  [
    'invalid_client',
    /^Public client is not allowed/,
    'misconfigured',
    ({ clientId }) => `client ${clientId} is public: switch on "Client authentication" there`,
  ],
  [
    'invalid_scope',
    /^Missing consents/,
    'misconfigured',
    ({ clientId }) =>
      `client ${clientId} asks people for their consent, and an exchange cannot: switch off "Consent required" there`,
  ],
  [
    'invalid_target',
    /^/,
    'misconfigured',
    ({ audience }) => `the realm issues no token for ${audience}, or not to this client`,
  ],
  [
    'unsupported_grant_type',
    /^/,
    'misconfigured',
    () => 'the realm exchanges no tokens: Keycloak does since 26.2, unless its feature token-exchange-standard is off',
  ],
]

const CLIENT_CREDENTIALS: readonly Row[] = [
  [
    'unauthorized_client',
    /^Client not enabled to retrieve service account/,
    'misconfigured',
    ({ clientId }) => `client ${clientId} has no service account: switch on "Service account roles" there`,
  ],
  [
    'unauthorized_client',
    /^Public client not allowed/,
    'misconfigured',
    ({ clientId }) =>
      `client ${clientId} is public: switch on "Client authentication" and "Service account roles" there`,
  ],
  [
    'invalid_request',
    /^User '.*' disabled$|^The associated service account/,
    'misconfigured',
    ({ clientId }) => `the service account user of client ${clientId} is disabled or gone: enable it`,
  ],
]

const JWT_GRANT: readonly Row[] = [
  [
    'invalid_grant',
    /^Token (?:reuse detected|is not active)/,
    'subject-dead',
    () => 'the assertion was used before or has expired; each is good for one use',
  ],
  [
    'invalid_grant',
    /^User not found/,
    'forbidden',
    ({ issuer }) => `the person is not linked in ${issuer}: link their user there to the identity provider`,
  ],
  [
    'invalid_grant',
    /^(?:User is not enabled|User disabled)/,
    'forbidden',
    ({ issuer }) => `the person's user in ${issuer} is disabled`,
  ],
  [
    'invalid_grant',
    /^Account is not fully set up/,
    'forbidden',
    ({ issuer }) => `the person's user in ${issuer} has required actions open`,
  ],
  [
    'invalid_grant',
    /^No Identity Provider for provided issuer/,
    'misconfigured',
    ({ issuer }) =>
      `${issuer} has no enabled identity provider for the realm that issued the assertion: add one with exactly its issuer and "JWT Authorization Grant" (jwtAuthorizationGrantEnabled) on`,
  ],
  [
    'invalid_grant',
    /^Identity Provider is not configured/,
    'misconfigured',
    ({ issuer }) =>
      `the identity provider in ${issuer} takes no assertions: switch on "JWT Authorization Grant" there (jwtAuthorizationGrantEnabled)`,
  ],
  [
    'invalid_grant',
    /^Identity Provider is not allowed for the client/,
    'misconfigured',
    ({ clientId }) =>
      `client ${clientId} may not use that identity provider: name its alias there (attribute oauth2.jwt.authorization.grant.idp)`,
  ],
  [
    'invalid_grant',
    /^JWT Authorization Grant is not supported/,
    'misconfigured',
    ({ clientId }) =>
      `client ${clientId} may not use assertions: switch on "JWT Authorization Grant" there (attribute oauth2.jwt.authorization.grant.enabled)`,
  ],
  [
    'invalid_grant',
    /^Public client not allowed/,
    'misconfigured',
    ({ clientId }) => `client ${clientId} is public: switch on "Client authentication" there`,
  ],
  [
    'invalid_grant',
    /^(?:Invalid token audience|Multiple audiences not allowed)/,
    'misconfigured',
    ({ issuer }) => `the assertion must have ${issuer} as its only audience: check the audience of obtain.jwtGrant`,
  ],
  [
    'invalid_grant',
    /^Invalid signature/,
    'misconfigured',
    ({ issuer }) =>
      `${issuer} cannot verify the assertion: the jwksUrl of its identity provider must be reachable from Keycloak itself`,
  ],
  [
    'invalid_grant',
    /^Token was issued in the future/,
    'misconfigured',
    ({ issuer }) =>
      `the identity provider in ${issuer} allows no clock skew: set jwtAuthorizationGrantAllowedClockSkew to a few seconds`,
  ],
  [
    'invalid_grant',
    /^Token (?:was issued too far in the past|expiration is too far)/,
    'misconfigured',
    ({ issuer }) =>
      `the assertion is too old for the identity provider in ${issuer}: raise jwtAuthorizationGrantMaxAllowedAssertionExpiration, or set the clocks by NTP`,
  ],
  [
    'invalid_grant',
    /^(?:Missing claim|The provided assertion is not a valid JWT|Error validating JWT)/,
    'misconfigured',
    () =>
      'the exchanged token is no assertion: it must be a JWT with iss and sub (client scope basic), not a light one',
  ],
  [
    'unsupported_grant_type',
    /^/,
    'misconfigured',
    ({ issuer }) =>
      `${issuer} takes no assertions: Keycloak's feature jwt-authorization-grant is off, or Keycloak is older`,
  ],
]

const ANY_GRANT: readonly Row[] = [
  ['access_denied', /^Realm not enabled/, 'unavailable', ({ issuer }) => `${issuer} is disabled`],
  [
    'invalid_scope',
    /^/,
    'misconfigured',
    ({ clientId, scopes }) =>
      `client ${clientId} may not ask for the scopes "${scopes.join(' ')}": assign them to it as optional client scopes`,
  ],
]

const BY_GRANT: Readonly<Record<TokenGrant, readonly Row[]>> = {
  exchange: [...EXCHANGE, ...ANY_GRANT],
  clientCredentials: [...CLIENT_CREDENTIALS, ...ANY_GRANT],
  jwtGrant: [...JWT_GRANT, ...ANY_GRANT],
}

/** Logged out, deleted, revoked; a limit of the realm; the person may not log in. notes/keycloak, KC-19, KC-20 and KC-37. */
const ENDED_SESSION =
  /^(?:(?:Offline )?(?:user )?session not (?:active|found)|Token is not active|Refresh token expired|User disabled)/i

/** Of a refused refresh. False where only the tokens are known to be dead, and for words nobody has met yet. */
export function saysSessionEnded(description: string): boolean {
  return ENDED_SESSION.test(description)
}

/** Null for a refusal nobody has met yet. */
export function findRefusal(
  grant: TokenGrant,
  error: string | null,
  description: string,
  asked: RefusedRequest,
): Refusal | null {
  const row = BY_GRANT[grant].find(([word, text]) => word === error && text.test(description))
  if (row === undefined) return null
  const [, , verdict, explain] = row
  return { verdict, because: explain(asked) }
}
