// The options of a guard, read once: every default stands here, and what makes no sense is refused at the start.
import type { Caller } from './caller.ts'
import type { GuardOptions, IntrospectionOptions, IssuerOptions, OwnIntrospectionOptions } from './guard-options.ts'

export interface IssuerSettings {
  readonly kind: Caller['kind']
  readonly issuer: string
  /** Null: as the issuer's metadata says. */
  readonly jwksUrl: string | null
  readonly algorithms: readonly string[]
}

export interface ClientIntrospectionSettings {
  readonly kind: 'client'
  readonly clientId: string
  readonly clientSecret: string
  /** Null: as the issuer's metadata says. */
  readonly url: string | null
  readonly cacheSeconds: number
}

export interface OwnIntrospectionSettings extends Pick<OwnIntrospectionOptions, 'introspect'> {
  readonly kind: 'own'
  readonly cacheSeconds: number
}

export type IntrospectionSettings = ClientIntrospectionSettings | OwnIntrospectionSettings

export interface GuardSettings {
  readonly audiences: readonly string[]
  readonly issuers: readonly IssuerSettings[]
  readonly introspection: IntrospectionSettings | null
  readonly clockToleranceSeconds: number
  readonly cachedTokens: number
  readonly keySetSeconds: number
  readonly keySetCooldownSeconds: number
  readonly timeoutSeconds: number
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
}

const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
// Asymmetric only: `none`, and HMAC with a public key as its secret, are refused at the start (RFC 8725 section 3.1).
const ASYMMETRIC = /^(?:[RP]S(?:256|384|512)|ES(?:256|384|512)|EdDSA|Ed25519)$/

function readUrl(value: string | undefined, option: string): string | null {
  if (value === undefined) return null
  const url = URL.parse(value)
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return value
  throw new TypeError(`${option} must be an http(s) URL`)
}

function readCount(value: number | undefined, fallback: number, option: string): number {
  const count = value ?? fallback
  if (Number.isFinite(count) && count >= 0) return count
  throw new TypeError(`${option} must be a number, 0 or more`)
}

function readLimit(value: number | undefined, fallback: number, option: string): number {
  const limit = readCount(value, fallback, option)
  if (limit > 0) return limit
  throw new TypeError(`${option} must be more than 0`)
}

function readText(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${option} must be a string that is not empty`)
}

function readAlgorithms(algorithms: readonly string[], option: string): readonly string[] {
  if (algorithms.length > 0 && algorithms.every((algorithm) => ASYMMETRIC.test(algorithm))) return [...algorithms]
  throw new TypeError(`${option}.algorithms must name asymmetric signature algorithms, such as RS256`)
}

function readIssuer(
  value: string | IssuerOptions | undefined,
  kind: Caller['kind'],
  option: string,
): readonly IssuerSettings[] {
  if (value === undefined) return []
  const { issuer, jwksUrl, algorithms = DEFAULT_ALGORITHMS } = typeof value === 'string' ? { issuer: value } : value
  const settings = {
    kind,
    issuer: readText(issuer, option),
    jwksUrl: readUrl(jwksUrl, `${option}.jwksUrl`),
    algorithms: readAlgorithms(algorithms, option),
  }
  // Without an address of its own, the key set is found below the issuer.
  if (settings.jwksUrl === null) readUrl(settings.issuer, option)
  return [settings]
}

function readIssuers({ gateway, issuer }: GuardOptions): readonly IssuerSettings[] {
  const issuers = [...readIssuer(gateway, 'internal', 'gateway'), ...readIssuer(issuer, 'realm', 'issuer')]
  if (issuers.length === 0) throw new TypeError('a guard needs gateway, issuer, or both')
  // One name for two kinds of token would let one pass as the other.
  if (issuers[0]?.issuer === issuers[1]?.issuer) throw new TypeError('gateway and issuer must be different')
  return issuers
}

function readIntrospection(options: IntrospectionOptions | undefined, hasRealm: boolean): IntrospectionSettings | null {
  if (options === undefined) return null
  if (!hasRealm) throw new TypeError('introspection needs issuer')
  const cacheSeconds = readCount(options.cacheSeconds, 10, 'introspection.cacheSeconds')
  if ('introspect' in options) return { kind: 'own', introspect: options.introspect, cacheSeconds }
  return {
    kind: 'client',
    clientId: readText(options.clientId, 'introspection.clientId'),
    clientSecret: readText(options.clientSecret, 'introspection.clientSecret'),
    url: readUrl(options.url, 'introspection.url'),
    cacheSeconds,
  }
}

function readAudiences(audience: string | readonly string[]): readonly string[] {
  const audiences = typeof audience === 'string' ? [audience] : audience
  if (!Array.isArray(audiences) || audiences.length === 0) throw new TypeError('a guard needs an audience')
  return audiences.map((one: unknown) => readText(one, 'audience'))
}

/** Throws `TypeError` for options that contradict one another or cannot be kept. */
export function readGuardOptions(options: GuardOptions): GuardSettings {
  const issuers = readIssuers(options)
  return {
    audiences: readAudiences(options.audience),
    issuers,
    introspection: readIntrospection(options.introspection, options.issuer !== undefined),
    clockToleranceSeconds: readCount(options.clockToleranceSeconds, 5, 'clockToleranceSeconds'),
    cachedTokens: readCount(options.cachedTokens, 10_000, 'cachedTokens'),
    keySetSeconds: readCount(options.keySetSeconds, 300, 'keySetSeconds'),
    keySetCooldownSeconds: readCount(options.keySetCooldownSeconds, 10, 'keySetCooldownSeconds'),
    timeoutSeconds: readLimit(options.timeoutSeconds, 5, 'timeoutSeconds'),
    // Asked for at each call, so that a global `fetch` that is replaced later is the one used.
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    now: options.now ?? (() => Date.now() / 1000),
  }
}
