// In which names and values each consumer reads its credential: data, and the words that templates may use.
import type { SecretShape } from './wanted.ts'

/** What a template may name in `{{…}}`. URLs are the public ones, as in the issuer; `internal…` as pods reach them. */
export const PLACEHOLDERS = [
  'clientId',
  'clientSecret',
  'realm',
  'issuer',
  'publicUrl',
  'discoveryUrl',
  'authorizationUrl',
  'tokenUrl',
  'userinfoUrl',
  'jwksUrl',
  'logoutUrl',
  'internalUrl',
  'internalIssuerUrl',
  'internalDiscoveryUrl',
  'internalTokenUrl',
  'internalUserinfoUrl',
  'internalJwksUrl',
  'redirectUri',
  'redirectOrigin',
  'random',
] as const

export type Placeholder = (typeof PLACEHOLDERS)[number]

export const SHAPES = {
  generic: {
    CLIENT_ID: '{{clientId}}',
    CLIENT_SECRET: '{{clientSecret}}',
    ISSUER: '{{issuer}}',
    DISCOVERY_URL: '{{discoveryUrl}}',
    TOKEN_ENDPOINT: '{{internalTokenUrl}}',
    KEYCLOAK_URL: '{{internalUrl}}',
    KEYCLOAK_REALM: '{{realm}}',
  },
  mlflow: {
    MLFLOW_AUTH_ENABLED: 'true',
    OIDC_PROVIDER_DISPLAY_NAME: 'Keycloak',
    OIDC_CLIENT_ID: '{{clientId}}',
    OIDC_CLIENT_SECRET: '{{clientSecret}}',
    OIDC_DISCOVERY_URL: '{{internalDiscoveryUrl}}',
    OIDC_TOKEN_URL: '{{internalTokenUrl}}',
    OIDC_REDIRECT_URI: '{{redirectUri}}',
    OIDC_SCOPE: 'openid email profile',
    OIDC_GROUPS_CLAIM: 'groups',
    DEFAULT_LANDING_PAGE_IS_PERMISSIONS: 'false',
  },
  // Phoenix reads PHOENIX_OAUTH2_{name}_…; charts and older guides leave the name out. One Secret serves both.
  phoenix: {
    PHOENIX_ENABLE_AUTH: 'true',
    PHOENIX_SECRET: '{{random}}',
    PHOENIX_OAUTH2_KEYCLOAK_CLIENT_ID: '{{clientId}}',
    PHOENIX_OAUTH2_KEYCLOAK_CLIENT_SECRET: '{{clientSecret}}',
    PHOENIX_OAUTH2_KEYCLOAK_OIDC_CONFIG_URL: '{{internalDiscoveryUrl}}',
    PHOENIX_OAUTH2_KEYCLOAK_DISPLAY_NAME: 'Keycloak',
    PHOENIX_OAUTH2_KEYCLOAK_ALLOW_SIGN_UP: 'true',
    PHOENIX_OAUTH2_CLIENT_ID: '{{clientId}}',
    PHOENIX_OAUTH2_CLIENT_SECRET: '{{clientSecret}}',
    PHOENIX_OAUTH2_OIDC_CONFIG_URL: '{{internalDiscoveryUrl}}',
  },
  otel: {
    MLFLOW_CLIENT_ID: '{{clientId}}',
    MLFLOW_CLIENT_SECRET: '{{clientSecret}}',
    KEYCLOAK_TOKEN_URL: '{{internalTokenUrl}}',
  },
  // The names of Auth.js 5, then those of NextAuth 4.
  nextauth: {
    AUTH_URL: '{{redirectOrigin}}',
    AUTH_SECRET: '{{random}}',
    AUTH_KEYCLOAK_ID: '{{clientId}}',
    AUTH_KEYCLOAK_SECRET: '{{clientSecret}}',
    AUTH_KEYCLOAK_ISSUER: '{{issuer}}',
    NEXTAUTH_URL: '{{redirectOrigin}}',
    NEXTAUTH_SECRET: '{{random}}',
    KEYCLOAK_ID: '{{clientId}}',
    KEYCLOAK_SECRET: '{{clientSecret}}',
    KEYCLOAK_ISSUER: '{{issuer}}',
  },
  'oauth2-proxy': {
    OAUTH2_PROXY_PROVIDER: 'keycloak-oidc',
    OAUTH2_PROXY_CLIENT_ID: '{{clientId}}',
    OAUTH2_PROXY_CLIENT_SECRET: '{{clientSecret}}',
    OAUTH2_PROXY_OIDC_ISSUER_URL: '{{issuer}}',
    OAUTH2_PROXY_REDIRECT_URL: '{{redirectUri}}',
    OAUTH2_PROXY_CODE_CHALLENGE_METHOD: 'S256',
    OAUTH2_PROXY_COOKIE_SECRET: '{{random}}',
  },
} as const satisfies Readonly<Record<string, SecretShape>>

export type ShapeName = keyof typeof SHAPES

export const SHAPE_NAMES = Object.keys(SHAPES) as readonly ShapeName[]
