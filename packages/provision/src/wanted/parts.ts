// Several places of a file want something of the same client, scope or role: each is a part, and parts are put together.
import { isListAttribute, joinList, splitList } from './list-attributes.ts'
import type {
  Json,
  WantedClient,
  WantedDelivery,
  WantedIdentityProvider,
  WantedMapper,
  WantedRole,
  WantedScope,
  WantedServiceAccount,
} from './wanted.ts'

/** What one place wants of a client. Of what two places decide about, the earlier one holds; lists are added. */
export interface ClientPart {
  readonly clientId: string
  readonly because: string
  readonly adopt?: boolean
  readonly settings?: Readonly<Record<string, Json>>
  readonly attributes?: Readonly<Record<string, string>>
  readonly mappers?: Readonly<Record<string, WantedMapper>>
  readonly defaultScopes?: readonly string[] | null
  readonly optionalScopes?: readonly string[] | null
  readonly roles?: readonly string[]
  readonly serviceAccount?: WantedServiceAccount | null
  readonly hasSecret?: boolean
  readonly deliver?: readonly WantedDelivery[]
  readonly rotateSeconds?: number | null
}

/** Everything that is wanted of one realm, by its local name. */
export interface RealmParts {
  readonly realm: string
  readonly clients?: readonly ClientPart[]
  readonly scopes?: readonly WantedScope[]
  readonly roles?: readonly WantedRole[]
  readonly identityProviders?: readonly WantedIdentityProvider[]
}

const MAX_REASONS = 3

export function joinClients(parts: readonly ClientPart[]): readonly WantedClient[] {
  const byId = Map.groupBy(parts, ({ clientId }) => clientId)
  return [...byId].map(([clientId, own]) => joinClient(clientId, own))
}

function joinClient(clientId: string, parts: readonly ClientPart[]): WantedClient {
  const settings = parts.map((part) => part.settings ?? {})
  return {
    clientId,
    because: joinReasons(parts),
    adopt: parts.some(({ adopt }) => adopt === true),
    settings: joinRecords(settings, (first, second) => joinJson(first, second)),
    attributes: joinAttributes(parts),
    mappers: joinRecords(
      parts.map(({ mappers = {} }) => mappers),
      (first) => first,
    ),
    defaultScopes: joinLists(parts.map(({ defaultScopes }) => defaultScopes)),
    optionalScopes: joinLists(parts.map(({ optionalScopes }) => optionalScopes)),
    roles: unique(parts.flatMap(({ roles = [] }) => roles)),
    serviceAccount: joinAccounts(parts),
    hasSecret: parts.find(({ hasSecret }) => hasSecret !== undefined)?.hasSecret ?? false,
    deliver: parts.flatMap(({ deliver = [] }) => deliver),
    rotateSeconds: parts.find(({ rotateSeconds }) => rotateSeconds != null)?.rotateSeconds ?? null,
  }
}

export function joinScopes(scopes: readonly WantedScope[]): readonly WantedScope[] {
  return [...Map.groupBy(scopes, ({ name }) => name).values()].flatMap((own) => {
    const [first] = own
    if (first === undefined) return []
    const mappers = joinRecords(
      own.map((scope) => scope.mappers),
      (one) => one,
    )
    return [{ ...first, because: joinReasons(own), mappers }]
  })
}

export function joinRoles(roles: readonly WantedRole[]): readonly WantedRole[] {
  return [...Map.groupBy(roles, ({ name }) => name)].map(([name, own]) => ({ name, because: joinReasons(own) }))
}

export function joinProviders(providers: readonly WantedIdentityProvider[]): readonly WantedIdentityProvider[] {
  return [...Map.groupBy(providers, ({ alias }) => alias).values()].flatMap((own) => {
    const [first] = own
    if (first === undefined) return []
    return [
      {
        ...first,
        because: joinReasons(own),
        config: Object.assign({}, ...own.map(({ config }) => config).toReversed()),
        secretOf: own.find(({ secretOf }) => secretOf !== null)?.secretOf ?? null,
      },
    ]
  })
}

function joinReasons(parts: readonly { readonly because: string }[]): string {
  const reasons = unique(parts.map(({ because }) => because))
  const more = reasons.length > MAX_REASONS ? [`${reasons.length - MAX_REASONS} more`] : []
  return [...reasons.slice(0, MAX_REASONS), ...more].join(', ')
}

function joinAttributes(parts: readonly ClientPart[]): Readonly<Record<string, string>> {
  const all = parts.map(({ attributes = {} }) => Object.entries(attributes).map(([name, value]) => ({ name, value })))
  const byName = Map.groupBy(all.flat(), ({ name }) => name)
  const joined = [...byName].map(([name, entries]) => {
    const [first = ''] = entries.map(({ value }) => value)
    if (!isListAttribute(name)) return [name, first]
    return [name, joinList(unique(entries.flatMap(({ value }) => splitList(value))))]
  })
  return Object.fromEntries(joined)
}

function joinAccounts(parts: readonly ClientPart[]): WantedServiceAccount | null {
  const accounts = parts.flatMap(({ serviceAccount }) => serviceAccount ?? [])
  if (accounts.length === 0) return null
  return {
    realmRoles: unique(accounts.flatMap(({ realmRoles }) => realmRoles)),
    clientRoles: joinRecords(
      accounts.map(({ clientRoles }) => clientRoles),
      (first, second) => unique([...first, ...second]),
    ),
  }
}

function joinLists(lists: readonly (readonly string[] | null | undefined)[]): readonly string[] | null {
  const known = lists.filter((list) => list != null)
  return known.length === 0 ? null : unique(known.flat())
}

function joinRecords<Value>(
  records: readonly Readonly<Record<string, Value>>[],
  join: (first: Value, second: Value) => Value,
): Readonly<Record<string, Value>> {
  const joined = new Map<string, Value>()
  for (const [name, value] of records.flatMap((record) => Object.entries(record))) {
    const first = joined.get(name)
    joined.set(name, first === undefined ? value : join(first, value))
  }
  return Object.fromEntries(joined)
}

function joinJson(first: Json, second: Json): Json {
  return Array.isArray(first) && Array.isArray(second) ? [...new Set([...first, ...second])] : first
}

export function unique<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)]
}
