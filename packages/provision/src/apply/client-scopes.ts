// Which scopes a client has: Keycloak ignores the lists of a PUT, and each has an endpoint of its own.
import type { Representation } from '../keycloak/realm-admin.ts'
import { SERVICE_ACCOUNT_SCOPE } from '../wanted/built-in.ts'
import type { Json, WantedClient } from '../wanted/wanted.ts'
import type { Work } from './work.ts'

type Lists = Pick<WantedClient, 'defaultScopes' | 'optionalScopes' | 'settings'>
type Kind = 'default' | 'optional'

/** For a creation: one list alone would leave the other empty, and tokens without `sub`. */
export function bothScopeLists({ defaultScopes, optionalScopes }: Lists): Representation {
  if (defaultScopes === null || optionalScopes === null) return {}
  return { defaultClientScopes: defaultScopes, optionalClientScopes: optionalScopes }
}

/** Removals first: Keycloak does not assign a scope that is there in the other list. */
export async function assignScopes(id: string, wanted: Lists, fresh: Representation, work: Work): Promise<void> {
  const { admin, directory } = work
  const { removed, added } = compareLists(wanted, fresh)
  for (const { name, kind } of removed) await admin.clients.removeScope(id, directory.scope(name), kind)
  for (const { name, kind } of added) await admin.clients.addScope(id, directory.scope(name), kind)
}

function compareLists({ defaultScopes, optionalScopes, settings }: Lists, fresh: Representation) {
  const hasAccount = settings.serviceAccountsEnabled ?? fresh.serviceAccountsEnabled
  // Keycloak would assign it again: it is left where it is.
  const kept = hasAccount === true ? without([SERVICE_ACCOUNT_SCOPE], defaultScopes ?? []) : []
  const existing = {
    default: without(toNames(fresh.defaultClientScopes), kept),
    optional: toNames(fresh.optionalClientScopes),
  }
  const wanted = {
    default: defaultScopes ?? without(existing.default, optionalScopes ?? []),
    optional: optionalScopes ?? without(existing.optional, defaultScopes ?? []),
  }
  return { removed: difference(existing, wanted), added: difference(wanted, existing) }
}

type Names = Readonly<Record<Kind, readonly string[]>>

function difference(from: Names, to: Names): readonly { readonly name: string; readonly kind: Kind }[] {
  return (['default', 'optional'] as const).flatMap((kind) =>
    without(from[kind], to[kind]).map((name) => ({ name, kind })),
  )
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  return names.filter((name) => !others.includes(name))
}

function toNames(list: Json | undefined): readonly string[] {
  return Array.isArray(list) ? list.map(String) : []
}
