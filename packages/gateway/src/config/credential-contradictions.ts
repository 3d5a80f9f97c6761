// Credentials that could never be had.
import type { Draft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { isObtained } from './realm-contradictions.ts'
import { isForEverybody } from './requirement-contradictions.ts'
import type { ParsedCredential } from './schema-credential.ts'
import { personRules } from './schema-require.ts'
import { unknownName } from './suggest.ts'

export function findCredentialContradictions(draft: Draft): readonly Finding[] {
  const ofServices = [...draft.services].flatMap(([name, { credential }]) =>
    findRealmProblem(credential, ['services', name, 'credential'], draft),
  )
  const ofRoutes = draft.routes.flatMap(({ credential }, index) =>
    findRealmProblem(credential, ['routes', index, 'credential'], draft),
  )
  return [...ofServices, ...ofRoutes, ...findForNobody(draft), ...findForBearersOnly(draft)]
}

function findRealmProblem(
  credential: ParsedCredential | undefined,
  path: ConfigPath,
  draft: Draft,
): readonly Finding[] {
  if (credential?.kind !== 'realm') return []
  const key = [...path, 'realm']
  const { realm } = credential
  if (!draft.realms.has(realm)) return [unknownName(key, 'realms', realm, [...draft.realms.keys()])]
  if (isObtained(realm, draft)) return []
  const message = 'people log in to this realm, it has no obtain'
  return [contradiction(key, message, `write credential: accessToken, or realms.${realm}.obtain`)]
}

// There is no person whose token it could be, and a credential never becomes "none" by itself.
function findForNobody(draft: Draft): readonly Finding[] {
  return credentialsOfRoutes(draft).flatMap(({ credential, index, require: rules }) => {
    if (!isForEverybody(rules) || !isPersonal(credential, draft)) return []
    const message = `sends ${describe(credential)}, and nobody has to be logged in`
    return [contradiction(['routes', index, 'require'], message, 'write credential: none here, or require a login')]
  })
}

// A second login is kept in a session, which a bearer has not.
function findForBearersOnly(draft: Draft): readonly Finding[] {
  return credentialsOfRoutes(draft).flatMap(({ credential, index, require: rules }) => {
    const via = personRules(rules)?.via ?? ['session']
    if (via.includes('session') || obtainKind(credential, draft) !== 'login') return []
    const message = 'its credential comes from a second login, and only a session can log in'
    return [contradiction(['routes', index, 'require', 'via'], message, 'add session')]
  })
}

/** Routes of which both credential and requirement are understood. */
function credentialsOfRoutes({ routes, services }: Draft) {
  return routes.flatMap(({ credential: own, require, service = '' }, index) => {
    const credential = own ?? services.get(service)?.credential
    return credential === undefined || require === undefined ? [] : [{ credential, require, index }]
  })
}

function isPersonal(credential: ParsedCredential, draft: Draft): boolean {
  if (credential.kind === 'none' || credential.kind === 'serviceAccount') return false
  if (credential.kind !== 'realm') return true
  const kind = obtainKind(credential, draft)
  return kind === 'jwtGrant' || kind === 'login'
}

function obtainKind(credential: ParsedCredential, { realms }: Draft) {
  return credential.kind === 'realm' ? realms.get(credential.realm)?.obtain?.kind : undefined
}

function describe(credential: ParsedCredential): string {
  return credential.kind === 'realm' ? `a token of realm ${credential.realm}` : credential.kind
}
