// What placeholders of templates stand for, and templates filled in. Values are secrets: nothing here tells them.
import { randomBytes } from 'node:crypto'
import { ProvisionError } from '../errors.ts'
import type { Placeholder } from '../wanted/shapes.ts'
import { parseTemplate, type TemplatePart } from '../wanted/template.ts'
import type { SecretShape } from '../wanted/wanted.ts'

/** Null: the client has none, such as a public client's secret. `random` is made where it is needed. */
export type SecretValues = Readonly<Record<Exclude<Placeholder, 'random'>, string | null>>

export type KeyedValues = Readonly<Record<string, string>>

export interface ValueSource {
  readonly clientId: string
  /** Null for a client without one. Never Keycloak's stars. */
  readonly clientSecret: string | null
  /** Where browsers and tokens have the realm: `https://sso.example.com/realms/main`. */
  readonly issuer: string
  /** Where consumers reach Keycloak: scheme, host, port and perhaps a path, without `/realms/…`. */
  readonly internalUrl: string
  readonly redirectUris: readonly string[]
}

const PROTOCOL = '/protocol/openid-connect'
const DISCOVERY = '/.well-known/openid-configuration'

/** Throws `TypeError` for an issuer that is none of Keycloak's. */
export function buildSecretValues({ clientId, clientSecret, issuer, internalUrl, redirectUris }: ValueSource) {
  const [, publicUrl, realm] = /^(.+)\/realms\/([^/]+)$/.exec(issuer) ?? []
  if (publicUrl === undefined || realm === undefined) throw new TypeError(`${issuer} is no issuer of Keycloak`)
  const internal = internalUrl.replace(/\/+$/, '')
  const internalIssuer = `${internal}/realms/${realm}`
  // One with a wildcard is a rule for Keycloak, and no address.
  const redirectUri = redirectUris.find((uri) => !uri.includes('*')) ?? null
  const values: SecretValues = {
    clientId,
    clientSecret,
    realm: decodeURIComponent(realm),
    issuer,
    publicUrl,
    discoveryUrl: `${issuer}${DISCOVERY}`,
    authorizationUrl: `${issuer}${PROTOCOL}/auth`,
    tokenUrl: `${issuer}${PROTOCOL}/token`,
    userinfoUrl: `${issuer}${PROTOCOL}/userinfo`,
    jwksUrl: `${issuer}${PROTOCOL}/certs`,
    logoutUrl: `${issuer}${PROTOCOL}/logout`,
    internalUrl: internal,
    internalIssuerUrl: internalIssuer,
    internalDiscoveryUrl: `${internalIssuer}${DISCOVERY}`,
    internalTokenUrl: `${internalIssuer}${PROTOCOL}/token`,
    internalUserinfoUrl: `${internalIssuer}${PROTOCOL}/userinfo`,
    internalJwksUrl: `${internalIssuer}${PROTOCOL}/certs`,
    redirectUri,
    redirectOrigin: redirectUri === null ? null : originOf(redirectUri),
  }
  return values
}

function originOf(uri: string): string | null {
  const url = URL.parse(uri)
  return url === null || url.origin === 'null' ? null : url.origin
}

/**
 * Each key with its value. A key with `{{random}}` keeps what the place holds already, so that an application's own
 * secret is made once. Throws `ERR_DELIVERY_FAILED` for a value that the client does not have.
 */
export function renderShape(keys: SecretShape, values: SecretValues, held: KeyedValues): KeyedValues {
  const entries = Object.entries(keys).map(([key, template]) => {
    const kept = isRandom(template) ? held[key] : undefined
    return [key, kept === undefined || kept === '' ? renderTemplate(template, values, key) : kept] as const
  })
  return Object.fromEntries(entries)
}

/** What whoever reads the values has to know: keys that are empty, because the client has no such address. */
export function notesOf(keys: SecretShape, rendered: KeyedValues): readonly string[] {
  const empty = Object.keys(keys).filter((key) => keys[key] !== '' && rendered[key] === '')
  return empty.length === 0 ? [] : [`empty, as the client has no redirect URI of its own: ${empty.join(', ')}`]
}

/** `what` names the key or the file in errors. */
export function renderTemplate(template: string, values: SecretValues, what: string): string {
  return partsOf(template, what)
    .map((part) => (part.kind === 'text' ? part.text : lookUp(part.name, values, what)))
    .join('')
}

export function isRandom(template: string): boolean {
  return placeholdersOf(template).includes('random')
}

/** Values that must not be shown: by what their templates name, not by how they look. */
export function isConfidential(template: string): boolean {
  return placeholdersOf(template).some((name) => name === 'clientSecret' || name === 'random')
}

function placeholdersOf(template: string): readonly Placeholder[] {
  return partsOf(template, 'template').flatMap((part) => (part.kind === 'placeholder' ? [part.name] : []))
}

function partsOf(template: string, what: string): readonly TemplatePart[] {
  const parsed = parseTemplate(template)
  if (parsed.kind === 'valid') return parsed.parts
  throw new ProvisionError('ERR_DELIVERY_FAILED', `${what}: ${parsed.problem}`, { reason: 'template' })
}

function lookUp(name: Placeholder, values: SecretValues, what: string): string {
  const value = name === 'random' ? randomBytes(32).toString('base64url') : values[name]
  if (value !== null && /\p{Cc}/u.test(value)) throw unusable(name, what)
  if (value !== null && value !== '') return value
  // Consumers find out by themselves where they are; yet a key that their workload names must be there.
  if (name === 'redirectUri' || name === 'redirectOrigin') return ''
  const text = `${what} needs {{${name}}}, and the client has none`
  throw new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'value', placeholder: name })
}

/** Who may change a client in Keycloak must not be able to add lines to the configuration of its consumers. */
function unusable(name: Placeholder, what: string): ProvisionError {
  const text = `${what} needs {{${name}}}, which holds a line break or another control character in Keycloak`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'value', placeholder: name })
}
