// A client that is there as a section of the file: what `doorman plan` compares, backwards. Never a secret.
import type { ObservedClient } from '../keycloak/observed.ts'
import { SERVICE_ACCOUNT_SCOPE } from '../wanted/built-in.ts'
import { wantEntry } from '../wanted/entries.ts'
import { splitList } from '../wanted/list-attributes.ts'
import { hasLogin, type Preset } from '../wanted/presets.ts'
import { clientItem, type ParsedClient } from '../wanted/schema-clients.ts'
import type { Json } from '../wanted/wanted.ts'
import { describeAuth } from './describe-auth.ts'
import { compareNames, compareSettings, compareTexts, differs } from './fields.ts'
import { ownerOf } from './ownership.ts'

type Section = { readonly [key: string]: Json }

export interface DescribedClient {
  readonly clientId: string
  /** As it would stand below `clients:`. */
  readonly section: Section
  /** What is there and cannot be said in the file, or could not be seen. */
  readonly remarks: readonly string[]
  /** Something must be written by hand before the file takes the section. */
  readonly isIncomplete: boolean
}

/** `defaultRole`: what every account of the realm has. */
export function describeClient(client: ObservedClient, defaultRole: string): DescribedClient {
  const preset = presetOf(client)
  const said = saySections(client, preset, defaultRole)
  const { section, unsayable } = keepSayable(said)
  return {
    clientId: client.clientId,
    section: { ...section, ...sayRest(client, clientItem.parse(section)) },
    remarks: [
      ...unsayable.map((key) => `its ${key} cannot be said here: ${JSON.stringify(said[key])}`),
      ...remarksOf(client, preset),
    ],
    isIncomplete: hasLogin(preset) && section.redirectUris === undefined,
  }
}

function presetOf({ settings }: ObservedClient): Preset {
  const { publicClient, standardFlowEnabled, implicitFlowEnabled, serviceAccountsEnabled } = settings
  if (publicClient === true) return 'spa'
  if (standardFlowEnabled === true || implicitFlowEnabled === true) return 'web'
  return serviceAccountsEnabled === true || settings.directAccessGrantsEnabled === true ? 'service' : 'bearer'
}

function saySections(client: ObservedClient, preset: Preset, defaultRole: string): Section {
  const { settings, attributes, mappers, roles } = client
  const section = withoutNothing({
    preset,
    adopt: ownerOf(attributes) === undefined ? true : undefined,
    name: settings.name,
    description: settings.description,
    enabled: settings.enabled === false ? false : undefined,
    ...(hasLogin(preset) ? sayLogin(client) : {}),
    directAccessGrants: settings.directAccessGrantsEnabled === true ? true : undefined,
    auth: describeAuth(client),
    mappers: Object.fromEntries(
      [...mappers].map(([name, { protocolMapper, config }]) => [name, { type: protocolMapper, config }]),
    ),
    scopes: withoutNothing({
      default: defaultScopesOf(client),
      optional: client.optionalScopes.toSorted(compareNames),
    }),
    roles: roles.kind === 'seen' ? [...roles.value.keys()].toSorted(compareNames) : undefined,
    serviceAccountRoles: preset === 'service' ? sayServiceAccount(client, defaultRole) : undefined,
    lifetimes: sayLifetimes(attributes),
  })
  // Its preset would have those of the redirect URIs.
  return preset === 'spa' ? { webOrigins: [], ...section } : section
}

function sayLogin({ settings, attributes }: ObservedClient): Readonly<Record<string, Json | undefined>> {
  const { redirectUris, webOrigins } = settings
  const postLogout = attributes['post.logout.redirect.uris'] ?? ''
  return {
    redirectUris,
    // One word of Keycloak's stands for all redirect URIs, or for none.
    postLogoutRedirectUris: /^[+-]?$/.test(postLogout) ? undefined : splitList(postLogout),
    webOrigins,
    backchannelLogoutUrl: attributes['backchannel.logout.url'],
  }
}

/** Keycloak assigns it by itself. */
function defaultScopesOf({ defaultScopes }: ObservedClient): readonly string[] {
  return defaultScopes.filter((scope) => scope !== SERVICE_ACCOUNT_SCOPE).toSorted(compareNames)
}

function sayServiceAccount({ serviceAccount }: ObservedClient, defaultRole: string): Json | undefined {
  if (serviceAccount?.kind !== 'seen') return undefined
  const { realmRoles, clientRoles } = serviceAccount.value
  const realm = realmRoles.filter((role) => role !== defaultRole)
  return withoutNothing({ realm, clients: withoutNothing(clientRoles) })
}

const LIFETIMES: Readonly<Record<string, string>> = {
  accessToken: 'access.token.lifespan',
  sessionIdle: 'client.session.idle.timeout',
  sessionMax: 'client.session.max.lifespan',
}

function sayLifetimes(attributes: ObservedClient['attributes']): Json {
  const entries = Object.entries(LIFETIMES).map(([key, name]) => [key, saySeconds(Number(attributes[name] ?? 0))])
  return withoutNothing(Object.fromEntries(entries))
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

/** To Keycloak, zero and less mean: as in the realm. */
function saySeconds(seconds: number): string | undefined {
  if (!(seconds > 0)) return undefined
  const [unit, size] = UNITS.find(([, size]) => seconds % size === 0) ?? (['s', 1] as const)
  return `${seconds / size}${unit}`
}

/** What the file would refuse is left as it is in the realm: nothing is compared with what nobody has said. */
function keepSayable(said: Section): { readonly section: Section; readonly unsayable: readonly string[] } {
  const issues = clientItem.safeParse(said).error?.issues ?? []
  const unsayable = [...new Set(issues.map(({ path }) => String(path[0])))]
  const kept = Object.entries(said).filter(([key]) => !unsayable.includes(key))
  return { section: Object.fromEntries(kept), unsayable }
}

/** What the preset decides and this client has otherwise. */
function sayRest({ clientId, settings, attributes }: ObservedClient, entry: ParsedClient): Section {
  const ground = { loginRealm: '', isDerived: () => false, locate: (path: string) => path }
  const wanted = wantEntry(clientId, entry, ground).clients?.[0]
  const others = compareSettings(wanted?.settings ?? {}, settings).filter(differs)
  const otherTexts = compareTexts('', wanted?.attributes ?? {}, attributes).filter(differs)
  return withoutNothing({
    settings: Object.fromEntries(others.map(({ path, from = false }) => [path, from])),
    attributes: Object.fromEntries(otherTexts.map(({ path }) => [path.slice(1), attributes[path.slice(1)] ?? ''])),
  })
}

function remarksOf({ roles, serviceAccount, settings }: ObservedClient, preset: Preset): readonly string[] {
  const hasAccount = settings.serviceAccountsEnabled === true
  return [
    ...(roles.kind === 'hidden' ? [`its roles could not be seen (needs ${roles.lacks})`] : []),
    ...(serviceAccount?.kind === 'hidden'
      ? [`the roles of its service account could not be seen (needs ${serviceAccount.lacks})`]
      : []),
    ...(hasAccount && preset !== 'service' ? ['the roles of its service account stay, and are not compared'] : []),
  ]
}

/** Keys that say nothing are left out, so that the file holds what somebody decided. */
function withoutNothing(values: Readonly<Record<string, Json | undefined>>): Section {
  const said = Object.entries(values).filter((entry): entry is [string, Json] => saysSomething(entry[1]))
  return Object.fromEntries(said)
}

function saysSomething(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
