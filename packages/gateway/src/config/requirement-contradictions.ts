// What routes and limits ask of a caller and nothing could tell.
import { ownsBelow } from '../kernel/paths.ts'
import type { Draft, RouteDraft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { isObtained } from './realm-contradictions.ts'
import { DEFAULT_WAYS, type ParsedRequirement, personRules } from './schema-require.ts'
import { unknownName } from './suggest.ts'

export function findRequirementContradictions(draft: Draft): readonly Finding[] {
  return [
    ...findGlobalLimit(draft),
    ...draft.routes.flatMap((route, index) => {
      const path = ['routes', index]
      return [
        ...findDeniedLogin(route, path),
        ...findRulesBesideOptional(route, path),
        ...findForeignRealms(route, path, draft),
        ...findTenant(route, path, draft),
        ...findShortPath(route, path, draft),
        ...findRouteLimit(route, path, draft),
      ]
    }),
  ]
}

function findDeniedLogin({ require: rules }: RouteDraft, path: ConfigPath): readonly Finding[] {
  if (rules === undefined || isForEverybody(rules) || personRules(rules) !== undefined) return []
  const message = 'the other rules are about somebody who is logged in'
  return [contradiction([...path, 'require', 'login'], message, 'write true, or leave it out')]
}

/** They say who counts as logged in; every other rule would turn away people whom nobody asked to log in. */
const BESIDE_OPTIONAL: readonly string[] = ['login', 'via', 'realms']

function findRulesBesideOptional({ require: rules = 'none' }: RouteDraft, path: ConfigPath): readonly Finding[] {
  const person = personRules(rules)
  if (person?.login !== 'optional') return []
  const message = 'login: optional lets everybody pass, and this rule asks for somebody'
  return Object.keys(person)
    .filter((rule) => !BESIDE_OPTIONAL.includes(rule))
    .map((rule) =>
      contradiction([...path, 'require', rule], message, 'write login: true, or give these paths a route of their own'),
    )
}

function findForeignRealms(
  { require: rules = 'none' }: RouteDraft,
  path: ConfigPath,
  draft: Draft,
): readonly Finding[] {
  return (personRules(rules)?.realms ?? []).flatMap((realm, index) => {
    const key = [...path, 'require', 'realms', index]
    if (!draft.realms.has(realm)) return [unknownName(key, 'realms', realm, [...draft.realms.keys()])]
    if (!isObtained(realm, draft)) return []
    return [contradiction(key, 'nobody logs in by this realm, it has obtain', 'name a realm without it')]
  })
}

/** Nobody has to be logged in, and no rule says otherwise. */
export function isForEverybody(rules: ParsedRequirement): boolean {
  return rules === 'none' || (rules.login === false && Object.keys(rules).length === 1)
}

function waysOf(rules: ParsedRequirement): readonly string[] {
  const person = personRules(rules)
  return person === undefined ? [] : (person.via ?? DEFAULT_WAYS)
}

function findTenant({ require: rules = 'none' }: RouteDraft, path: ConfigPath, draft: Draft): readonly Finding[] {
  return personRules(rules)?.tenant === true ? findNoTenants([...path, 'require', 'tenant'], draft) : []
}

function findNoTenants(path: ConfigPath, { states }: Draft): readonly Finding[] {
  if (states(['tenant'])) return []
  return [
    contradiction(path, 'nobody has a tenant', 'say where it comes from, such as tenant: { claim: organization }'),
  ]
}

function findShortPath(
  { path: ownPath, require: rules = 'none' }: RouteDraft,
  path: ConfigPath,
  { sections }: Draft,
): readonly Finding[] {
  const { pathSegment = 0 } = sections.tenant ?? {}
  if (ownPath === undefined || ownsBelow(ownPath) || personRules(rules)?.tenant !== true) return []
  const segments = ownPath.split('/').filter((segment) => segment !== '').length
  if (segments >= pathSegment) return []
  const message = `has no segment ${pathSegment}, which chooses the tenant (tenant.pathSegment)`
  return [contradiction([...path, 'path'], message)]
}

function findGlobalLimit(draft: Draft): readonly Finding[] {
  const by = draft.sections.limit?.by
  if (by === 'tenant') return findNoTenants(['limit', 'by'], draft)
  if (by !== 'client' || draft.routes.some(({ require }) => require === undefined || takesBearer(require))) return []
  return [contradiction(['limit', 'by'], 'no route takes a bearer token, and without one no client is known')]
}

function takesBearer(rules: ParsedRequirement): boolean {
  return waysOf(rules).includes('bearer')
}

function findRouteLimit({ limit, require: rules }: RouteDraft, path: ConfigPath, draft: Draft): readonly Finding[] {
  const key = [...path, 'limit', 'by']
  if (limit?.by === 'tenant') return findNoTenants(key, draft)
  if (limit?.by !== 'client' || rules === undefined || takesBearer(rules)) return []
  return [contradiction(key, 'only a bearer token names a client', 'add via: [session, bearer] to require')]
}
