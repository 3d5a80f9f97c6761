// Entries of `clients`, each as the client it describes.
import { isBuiltInRole } from './built-in.ts'
import { resolveDelivery } from './deliveries.ts'
import { joinList } from './list-attributes.ts'
import { audienceMappers, completeConfig } from './mappers.ts'
import type { ClientPart, RealmParts } from './parts.ts'
import { backchannelLogout, hasLogin, PKCE, PRESET_SETTINGS, type Preset } from './presets.ts'
import type { ParsedClient } from './schema-clients.ts'
import type { Json, WantedMapper, WantedServiceAccount } from './wanted.ts'

export interface EntryGround {
  /** The realm of an entry that names none. */
  readonly loginRealm: string
  /** Clients that `realms`, `services` and `routes` make already. */
  isDerived(realm: string, clientId: string): boolean
  /** Makes a path in the file absolute. */
  locate(path: string): string
}

export function wantEntry(key: string, entry: ParsedClient, ground: EntryGround): RealmParts {
  const { realm = ground.loginRealm, clientId = key } = entry
  const because = `clients.${key}`
  const preset = entry.preset ?? (ground.isDerived(realm, clientId) ? null : 'service')
  const client: ClientPart = {
    clientId,
    because,
    adopt: entry.adopt,
    settings: settingsOf(entry, preset),
    attributes: attributesOf(entry, preset),
    mappers: { ...audienceMappers(entry.audiences), ...mappersOf(entry) },
    defaultScopes: entry.scopes?.default ?? null,
    optionalScopes: entry.scopes?.optional ?? null,
    roles: entry.roles,
    serviceAccount: serviceAccountOf(entry),
    ...secretOf(entry, preset),
    deliver: entry.deliver.map((delivery) => resolveDelivery(delivery, ground.locate)),
    rotateSeconds: entry.rotate ?? null,
  }
  const roles = entry.serviceAccountRoles?.realm.filter((name) => !isBuiltInRole(name)) ?? []
  return { realm, clients: [client], roles: roles.map((name) => ({ name, because: `${because}.serviceAccountRoles` })) }
}

type Settings = Readonly<Record<string, Json>>

function settingsOf(entry: ParsedClient, preset: Preset | null): Settings {
  const { enabled, name, description, redirectUris, directAccessGrants, serviceAccountRoles } = entry
  const webOrigins = entry.webOrigins ?? (preset === 'spa' ? originsOf(redirectUris ?? []) : undefined)
  return {
    ...(preset === null ? {} : { ...PRESET_SETTINGS[preset], ...authenticator(entry, preset) }),
    ...(preset === null && entry.auth !== undefined ? authenticator(entry, 'service') : {}),
    // Only its service account has tokens, and that has no other roles than these.
    ...(serviceAccountRoles === undefined ? {} : { serviceAccountsEnabled: true, fullScopeAllowed: true }),
    ...defined({ enabled, name, description, redirectUris, webOrigins, directAccessGrantsEnabled: directAccessGrants }),
    ...defined(entry.settings),
  }
}

function authenticator({ auth = 'secret' }: ParsedClient, preset: Preset): Settings {
  if (preset === 'spa') return {}
  if (auth === 'secret') return { clientAuthenticatorType: 'client-secret' }
  return { clientAuthenticatorType: 'privateKey' in auth ? 'client-jwt' : 'federated-jwt' }
}

function originsOf(uris: readonly string[]): readonly string[] {
  const urls = uris.map((uri) => URL.parse(uri)).filter((url) => url !== null && /^https?:$/.test(url.protocol))
  return [...new Set(urls.flatMap((url) => url?.origin ?? []))]
}

function attributesOf(entry: ParsedClient, preset: Preset | null): Readonly<Record<string, string>> {
  const { backchannelLogoutUrl, lifetimes = {}, postLogoutRedirectUris } = entry
  return {
    ...(preset !== null && hasLogin(preset) ? PKCE : {}),
    ...authAttributes(entry),
    ...(backchannelLogoutUrl === undefined ? {} : backchannelLogout(backchannelLogoutUrl)),
    ...defined({
      'post.logout.redirect.uris': postLogoutRedirectUris && joinList(postLogoutRedirectUris),
      'access.token.lifespan': lifetimes.accessToken?.toString(),
      'client.session.idle.timeout': lifetimes.sessionIdle?.toString(),
      'client.session.max.lifespan': lifetimes.sessionMax?.toString(),
    }),
    ...entry.attributes,
  }
}

function authAttributes({ auth = 'secret' }: ParsedClient): Readonly<Record<string, string>> {
  if (auth === 'secret') return {}
  if ('privateKey' in auth) return { 'use.jwks.url': 'true', 'jwks.url': auth.privateKey.jwksUrl }
  const { identityProvider, subject } = auth.kubernetes
  return { 'jwt.credential.issuer': identityProvider, 'jwt.credential.sub': subject }
}

function mappersOf({ mappers }: ParsedClient): Readonly<Record<string, WantedMapper>> {
  const entries = Object.entries(mappers).map(([name, { type, config }]): readonly [string, WantedMapper] => {
    const texts = Object.entries(config).map(([key, value]) => [key, String(value)])
    return [name, { protocolMapper: type, config: completeConfig(Object.fromEntries(texts)) }]
  })
  return Object.fromEntries(entries)
}

function serviceAccountOf({ serviceAccountRoles }: ParsedClient): WantedServiceAccount | null {
  if (serviceAccountRoles === undefined) return null
  return { realmRoles: serviceAccountRoles.realm, clientRoles: serviceAccountRoles.clients }
}

/** Authenticators of Keycloak's that go by the secret. */
const BY_SECRET: readonly string[] = ['client-secret', 'client-secret-jwt']

function secretOf({ auth, settings }: ParsedClient, preset: Preset | null): Pick<ClientPart, 'hasSecret'> {
  if (preset === null && auth === undefined) return {}
  const isBySecret = BY_SECRET.includes(settings.clientAuthenticatorType ?? 'client-secret')
  return { hasSecret: preset !== 'spa' && (auth ?? 'secret') === 'secret' && isBySecret }
}

function defined<Value>(record: Readonly<Record<string, Value | undefined>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}
