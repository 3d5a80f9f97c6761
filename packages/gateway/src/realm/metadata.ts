// What a realm says about itself (OpenID Connect Discovery 1.0), parsed once into what we use. No I/O and no clock.
// The browser is sent to the public addresses; what we call ourselves keeps the path and moves to the back channel.
import { GatewayError } from '../kernel/errors.ts'

export interface MetadataOptions {
  readonly issuer: string
  /** Where this process reaches the realm; null when at the issuer's own address. */
  readonly backchannelUrl: string | null
  /** False: a realm that says it is for development is refused. */
  readonly allowsDevRealm: boolean
}

export interface RealmMetadata {
  /** Public: for redirects only. */
  readonly authorizationEndpoint: string
  /** Public: for redirects only; null when the realm has none. */
  readonly endSessionEndpoint: string | null
  readonly authorizationUrl: URL
  readonly tokenUrl: URL
  readonly jwksUrl: URL
  readonly introspectionUrl: URL | null
  readonly logoutUrl: URL | null
  readonly announcesIssuer: boolean
  readonly secretMethod: 'basic' | 'post'
  readonly announcesS256: boolean
  /** Empty when the realm did not tell. */
  readonly idTokenAlgorithms: readonly string[]
}

const TOLD_ISSUER_MAX_CHARACTERS = 200

type Document = Readonly<Record<string, unknown>>

function invalid(because: string, detail: Readonly<Record<string, string>> = {}): GatewayError {
  return new GatewayError('ERR_REALM_METADATA_INVALID', { because, ...detail })
}

/** Where this process asks for what the public address names. */
export function onBackchannel(url: URL, options: MetadataOptions): URL {
  return options.backchannelUrl === null ? url : new URL(url.pathname + url.search, options.backchannelUrl)
}

/** Where this process asks for the metadata: appended after the issuer's path (Discovery 1.0 section 4). */
export function buildDiscoveryUrl(options: MetadataOptions): URL {
  const issuer = new URL(options.issuer)
  issuer.pathname = `${issuer.pathname.replace(/\/+$/, '')}/.well-known/openid-configuration`
  return onBackchannel(issuer, options)
}

function parseEndpoint(document: Document, name: string, options: MetadataOptions): URL {
  const value = document[name]
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !/^https?:$/.test(url.protocol)) throw invalid(`${name} is no address`)
  if (new URL(options.issuer).protocol === 'https:' && url.protocol !== 'https:') {
    const isRedirect = name === 'authorization_endpoint' || name === 'end_session_endpoint'
    if (isRedirect || options.backchannelUrl === null) throw invalid(`${name} is not https although the issuer is`)
  }
  // Keycloak answers 400 to such paths.
  if (/\/\/|;/.test(url.pathname)) throw invalid(`${name} has "//" or ";" in its path`)
  return url
}

function parseOptionalEndpoint(document: Document, name: string, options: MetadataOptions): URL | null {
  return document[name] === undefined ? null : parseEndpoint(document, name, options)
}

function parseNames(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}

function checkIssuer(document: Document, options: MetadataOptions): void {
  const { issuer: announced } = document
  if (announced === options.issuer) return
  const told = typeof announced === 'string' ? announced.slice(0, TOLD_ISSUER_MAX_CHARACTERS) : 'none'
  const because =
    options.backchannelUrl === null
      ? `the realm calls itself ${told}, the configuration expects ${options.issuer}: the issuer must be the same to the letter`
      : `through ${options.backchannelUrl} the realm calls itself ${told}, the configuration expects ${options.issuer}: set KC_HOSTNAME to the public address and KC_HOSTNAME_BACKCHANNEL_DYNAMIC=true at Keycloak`
  throw invalid(because, { reason: 'issuer', configured: options.issuer, announced: told })
}

function secretMethod(document: Document): 'basic' | 'post' {
  const methods = parseNames(document.token_endpoint_auth_methods_supported)
  return methods.includes('client_secret_post') && !methods.includes('client_secret_basic') ? 'post' : 'basic'
}

/** Throws `ERR_REALM_METADATA_INVALID`. */
export function parseMetadata(document: Document, options: MetadataOptions): RealmMetadata {
  checkIssuer(document, options)
  if (document.doorman_dev_realm === true && !options.allowsDevRealm) {
    throw invalid('this is the development realm: it lets anybody in and must never stand before a public address', {
      reason: 'development_realm',
    })
  }
  const authorization = parseEndpoint(document, 'authorization_endpoint', options)
  const endSession = parseOptionalEndpoint(document, 'end_session_endpoint', options)
  const introspection = parseOptionalEndpoint(document, 'introspection_endpoint', options)
  return {
    authorizationEndpoint: authorization.href,
    endSessionEndpoint: endSession?.href ?? null,
    authorizationUrl: onBackchannel(authorization, options),
    tokenUrl: onBackchannel(parseEndpoint(document, 'token_endpoint', options), options),
    jwksUrl: onBackchannel(parseEndpoint(document, 'jwks_uri', options), options),
    introspectionUrl: introspection === null ? null : onBackchannel(introspection, options),
    logoutUrl: endSession === null ? null : onBackchannel(endSession, options),
    announcesIssuer: document.authorization_response_iss_parameter_supported === true,
    secretMethod: secretMethod(document),
    announcesS256: parseNames(document.code_challenge_methods_supported).includes('S256'),
    idTokenAlgorithms: parseNames(document.id_token_signing_alg_values_supported),
  }
}
