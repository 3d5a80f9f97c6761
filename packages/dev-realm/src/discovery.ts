// The realm's metadata, member by member like Keycloak's.
import { GRANT_TYPES } from './grant-types.ts'
import { EXTRA_SCOPES } from './scopes.ts'

export const OPENID_CONNECT_PATH = '/protocol/openid-connect'

/** Where each endpoint is called. */
export interface EndpointHosts {
  readonly issuer: string
  /** The realm as the caller addressed it: Keycloak with a dynamic back-channel host name answers so. */
  readonly backchannel: string
}

export function buildMetadata({ issuer, backchannel }: EndpointHosts): Readonly<Record<string, unknown>> {
  const frontPath = `${issuer}${OPENID_CONNECT_PATH}`
  const backPath = `${backchannel}${OPENID_CONNECT_PATH}`
  return {
    issuer,
    authorization_endpoint: `${frontPath}/auth`,
    token_endpoint: `${backPath}/token`,
    introspection_endpoint: `${backPath}/token/introspect`,
    userinfo_endpoint: `${backPath}/userinfo`,
    end_session_endpoint: `${frontPath}/logout`,
    // Keycloak leaves this one on the public host, whatever the others do.
    revocation_endpoint: `${frontPath}/revoke`,
    jwks_uri: `${backPath}/certs`,
    grant_types_supported: Object.values(GRANT_TYPES),
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    subject_types_supported: ['public'],
    acr_values_supported: ['0', '1', 'silver', 'gold'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    introspection_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    revocation_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    claim_types_supported: ['normal'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'name',
      'given_name',
      'family_name',
      'preferred_username',
      'email',
      'acr',
      'azp',
      'nonce',
    ],
    claims_parameter_supported: false,
    scopes_supported: ['openid', ...EXTRA_SCOPES],
    prompt_values_supported: ['none', 'login', 'consent'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    require_request_uri_registration: false,
    code_challenge_methods_supported: ['S256'],
    tls_client_certificate_bound_access_tokens: false,
    frontchannel_logout_supported: false,
    frontchannel_logout_session_supported: false,
    backchannel_logout_supported: false,
    backchannel_logout_session_supported: false,
    authorization_response_iss_parameter_supported: true,
    /** Says what this is, so that nobody takes it for a login server to trust. */
    doorman_dev_realm: true,
  }
}
