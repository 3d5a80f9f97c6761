// One client: its own fields, its roles, and what its service account may.
import type { ObservedClient } from '../keycloak/observed.ts'
import { SERVICE_ACCOUNT_SCOPE } from '../wanted/built-in.ts'
import { OWNER_ATTRIBUTE, type WantedClient, type WantedServiceAccount } from '../wanted/wanted.ts'
import { compareMappers } from './compare-mappers.ts'
import { compareNames, compareSets, compareSettings, compareTexts, field } from './fields.ts'
import { type Finding, type Findings, found, hidden, NOTHING_FOUND, together } from './findings.ts'
import { standingOf } from './ownership.ts'
import type { FieldChange } from './plan.ts'

/** Shown in place of a secret: it is there. */
const SECRET_SET = '(set)'
/** Shown in place of a secret: there is none, so Keycloak makes one. */
const SECRET_MADE = '(made)'

export interface Surroundings {
  readonly owner: string
  /** Every account has it by being a user of the realm. */
  readonly defaultRole: string
}

export function compareClient(
  wanted: WantedClient,
  observed: ObservedClient | undefined,
  { owner, defaultRole }: Surroundings,
): Findings {
  const standing = standingOf(observed?.attributes, owner, wanted)
  const finding: Finding = { kind: 'client', name: wanted.clientId, ...standing, fields: [] }
  if (standing.action === 'foreign') return found(finding)
  return together([
    found({ ...finding, fields: compareFields(wanted, observed, owner) }),
    compareRoles(wanted, observed),
    compareServiceAccount(wanted, observed, defaultRole),
    findMaskedSecret(wanted, observed),
  ])
}

function compareFields(
  wanted: WantedClient,
  observed: ObservedClient | undefined,
  owner: string,
): readonly FieldChange[] {
  return [
    ...compareSettings(wanted.settings, observed?.settings ?? {}),
    ...compareTexts('attributes', { ...wanted.attributes, [OWNER_ATTRIBUTE]: owner }, observed?.attributes ?? {}),
    ...compareMappers(wanted.mappers, observed?.mappers ?? new Map()),
    ...compareScopes('defaultScopes', wanted.defaultScopes, observed && defaultScopesOf(wanted, observed)),
    ...compareScopes('optionalScopes', wanted.optionalScopes, observed?.optionalScopes),
    ...compareSecret(wanted, observed),
  ]
}

/** Without the scope that Keycloak assigns by itself, whoever took it away. */
function defaultScopesOf({ defaultScopes }: WantedClient, observed: ObservedClient): readonly string[] {
  const isOwn = (scope: string) => scope === SERVICE_ACCOUNT_SCOPE && observed.settings.serviceAccountsEnabled === true
  return observed.defaultScopes.filter((scope) => !isOwn(scope) || defaultScopes?.includes(scope) === true)
}

function compareScopes(
  path: string,
  wanted: readonly string[] | null,
  observed: readonly string[] = [],
): readonly FieldChange[] {
  return wanted === null ? [] : [compareSets(path, wanted, observed)]
}

/** Keycloak makes the secret of a client that is created; one that lost it gets another. */
function compareSecret({ hasSecret }: WantedClient, observed: ObservedClient | undefined): readonly FieldChange[] {
  if (!hasSecret || observed === undefined) return []
  const isMissing = observed.secret.kind === 'empty' || observed.secret.kind === 'none'
  return [field('secret', isMissing ? undefined : SECRET_SET, isMissing ? SECRET_MADE : SECRET_SET)]
}

function compareRoles({ clientId, roles, because }: WantedClient, observed: ObservedClient | undefined): Findings {
  if (roles.length === 0) return NOTHING_FOUND
  if (observed?.roles.kind === 'hidden') return hidden(`roles of ${clientId}`, observed.roles.lacks)
  const existing = observed?.roles.value
  return found(
    ...roles.map(
      (role): Finding => ({
        kind: 'client role',
        name: `${clientId}/${role}`,
        action: existing?.has(role) === true ? 'update' : 'create',
        fields: [],
        because,
      }),
    ),
  )
}

function compareServiceAccount(
  { clientId, serviceAccount: wanted, because }: WantedClient,
  observed: ObservedClient | undefined,
  defaultRole: string,
): Findings {
  if (wanted === null) return NOTHING_FOUND
  const account = observed?.serviceAccount ?? null
  if (account?.kind === 'hidden') return hidden(`service account of ${clientId}`, account.lacks)
  const existing = account?.value
  const fields = compareAssigned(wanted, existing ?? { realmRoles: [], clientRoles: {} }, defaultRole)
  if (existing === undefined && fields.every(({ to }) => to === undefined)) return NOTHING_FOUND
  return found({
    kind: 'service account',
    name: clientId,
    action: existing === undefined ? 'create' : 'update',
    fields,
    because,
  })
}

function compareAssigned(
  wanted: WantedServiceAccount,
  observed: WantedServiceAccount,
  defaultRole: string,
): readonly FieldChange[] {
  const realmRoles = observed.realmRoles.filter((role) => role !== defaultRole || wanted.realmRoles.includes(role))
  const clients = [...new Set([...Object.keys(wanted.clientRoles), ...Object.keys(observed.clientRoles)])]
  return [
    compareSets('realmRoles', wanted.realmRoles, realmRoles),
    ...clients
      .toSorted(compareNames)
      .map((client) =>
        compareSets(`clientRoles.${client}`, wanted.clientRoles[client] ?? [], observed.clientRoles[client] ?? []),
      ),
  ]
}

/** Nothing can be delivered that cannot be read. */
function findMaskedSecret(wanted: WantedClient, observed: ObservedClient | undefined): Findings {
  const isNeeded = wanted.hasSecret && wanted.deliver.length > 0
  return isNeeded && observed?.secret.kind === 'masked'
    ? hidden(`secret of ${wanted.clientId}`, 'manage-clients')
    : NOTHING_FOUND
}
