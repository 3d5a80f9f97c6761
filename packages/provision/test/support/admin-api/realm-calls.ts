// What belongs to the realm as a whole: its settings, identity providers and client policies.
import { randomUUID } from 'node:crypto'
import type { Provider, Thing } from './realm-state.ts'
import { recorded } from './recorded.ts'
import { created, exists, NO_CONTENT, notFound, ok, Refusal, refuseUnknownFields } from './reply.ts'
import type { Asked, Routes } from './routes.ts'

const STARS = '**********'
const SHOWN_TO_ALL = ['realm', 'bruteForceProtected', 'organizationsEnabled']
const PROVIDERS = 'identity-provider/instances'

const GLOBAL_PROFILES = recorded<{ readonly globalProfiles: readonly Thing[] }>(
  'fresh realm',
  'client profiles with global ones',
).globalProfiles
export const EXECUTORS = recorded<Thing>('fresh realm', 'executors of policies')
const CONDITIONS = recorded<Thing>('fresh realm', 'conditions of policies')

export const REALM_CALLS: Routes = {
  'GET ': ({ realm, caller }) => {
    if (caller.may('view-realm')) return ok(realm.settings)
    const few = Object.entries(realm.settings).filter(([name]) => SHOWN_TO_ALL.includes(name))
    return ok({ ...Object.fromEntries(few), supportedLocales: [] })
  },
  'PUT ': ({ realm, caller, body }) => {
    caller.need('manage-realm')
    realm.settings = { ...realm.settings, ...(body as Thing) }
    return NO_CONTENT
  },
  [`GET ${PROVIDERS}`]: ({ realm, caller }) => {
    caller.need('view-identity-providers')
    return ok([...realm.providers.values()].map(masked))
  },
  [`POST ${PROVIDERS}`]: ({ realm, caller, body, url }) => {
    caller.need('manage-identity-providers')
    const provider = buildProvider(body as Thing)
    if (realm.providers.has(provider.alias)) throw exists(`Identity Provider ${provider.alias} already exists`)
    realm.providers.set(provider.alias, provider)
    return created(`${url}/${encodeURIComponent(provider.alias)}`)
  },
  [`GET ${PROVIDERS}/*`]: (asked) => {
    asked.caller.need('view-identity-providers')
    return ok(masked(providerOf(asked)))
  },
  [`PUT ${PROVIDERS}/*`]: (asked) => {
    asked.caller.need('manage-identity-providers')
    const { alias, config, internalId } = providerOf(asked)
    const changed = buildProvider({ ...(asked.body as Thing), alias, internalId })
    if (changed.config.clientSecret === STARS) changed.config.clientSecret = config.clientSecret ?? ''
    asked.realm.providers.set(alias, changed)
    return NO_CONTENT
  },
  [`DELETE ${PROVIDERS}/*`]: (asked) => {
    asked.caller.need('manage-identity-providers')
    asked.realm.providers.delete(providerOf(asked).alias)
    return NO_CONTENT
  },
  'GET client-policies/profiles': ({ realm, caller, query }) => {
    caller.need('view-realm')
    const isWhole = query.get('include-global-profiles') === 'true'
    return ok({ profiles: realm.profiles, ...(isWhole ? { globalProfiles: GLOBAL_PROFILES } : {}) })
  },
  'PUT client-policies/profiles': ({ realm, caller, body }) => {
    caller.need('manage-realm')
    const { profiles } = body as { readonly profiles: readonly Thing[] }
    checkProfiles(profiles)
    realm.profiles = profiles
    return NO_CONTENT
  },
  'GET client-policies/policies': ({ realm, caller }) => {
    caller.need('view-realm')
    return ok({ policies: realm.policies })
  },
  'PUT client-policies/policies': ({ realm, caller, body }) => {
    caller.need('manage-realm')
    const { policies } = body as { readonly policies: readonly Thing[] }
    for (const policy of policies) checkPolicy(policy, [...realm.profiles, ...GLOBAL_PROFILES])
    realm.policies = policies
    return NO_CONTENT
  },
}

export const SERVER_INFO = {
  providers: {
    'client-policy-executor': { providers: EXECUTORS },
    'client-policy-condition': { providers: CONDITIONS },
  },
}

const OF_OIDC = recorded<Thing>('identity providers', 'created with little')
const OF_KUBERNETES = recorded<Thing>('identity providers', 'created of Kubernetes')

const PROVIDER_FIELDS = new Set([
  ...Object.keys(OF_KUBERNETES),
  'displayName',
  'updateProfileFirstLoginMode',
  'trustEmail',
  'storeToken',
  'addReadTokenRoleOnCreate',
  'authenticateByDefault',
  'linkOnly',
  'organizationId',
  'firstBrokerLoginFlowAlias',
  'postBrokerLoginFlowAlias',
])

function buildProvider(sent: Thing): Provider {
  refuseUnknownFields(sent, PROVIDER_FIELDS, 'IdentityProviderRepresentation')
  const { alias, providerId, config } = sent
  const defaults = [OF_OIDC, OF_KUBERNETES].find((one) => one.providerId === providerId)
  if (defaults === undefined) throw new Refusal(400, { errorMessage: `Invalid identity provider id [${providerId}]` })
  return {
    ...defaults,
    internalId: randomUUID(),
    ...sent,
    alias: String(alias),
    config: { ...((config ?? {}) as Provider['config']) },
  }
}

function masked(provider: Provider): Thing {
  if (provider.config.clientSecret === undefined) return provider
  return { ...provider, config: { ...provider.config, clientSecret: STARS } }
}

function providerOf({ realm, parts }: Asked): Provider {
  const provider = realm.providers.get(parts[0] ?? '')
  if (provider === undefined) throw notFound('HTTP 404 Not Found')
  return provider
}

function checkProfiles(profiles: readonly Thing[]): void {
  const names = profiles.map(({ name }) => name)
  const ofAll = names.find((name) => GLOBAL_PROFILES.some((profile) => profile.name === name))
  if (ofAll !== undefined) refuse(`Proposed profile name '${ofAll}' is duplicated as a global profile`)
  if (new Set(names).size < names.length) refuse('proposed client profile name duplicated.')
  const executors = profiles.flatMap((profile) => profile.executors as readonly Thing[])
  if (executors.every(({ executor }) => String(executor) in EXECUTORS)) return
  const what = 'does not have valid provider, or has invalid configuration.'
  refuse(`proposed client profile contains the executor, which ${what}`)
}

function checkPolicy({ name, profiles, conditions }: Thing, known: readonly Thing[]): void {
  const unknown = (profiles as readonly string[]).find((profile) => known.every((one) => one.name !== profile))
  if (unknown !== undefined) refuse(`Policy ${name} contains invalid profile ${unknown}`)
  const strange = (conditions as readonly Thing[]).find(({ condition }) => !(String(condition) in CONDITIONS))
  if (strange !== undefined) refuse(`Policy ${name} contains invalid condition ${strange.condition}`)
}

function refuse(errorMessage: string): never {
  throw new Refusal(400, { errorMessage })
}
