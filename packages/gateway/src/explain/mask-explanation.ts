// An explanation without what tokens say: who may ask about a live session need not learn who it is. Shapes stay, so that
// a missing claim can be told from a wrong one.

import type { TenantDecision } from '../policy/tenant.ts'
import type { Explanation } from './explanation.ts'

/** What the gateway itself puts in or decides. */
const OWN_CLAIMS: readonly string[] = ['iss', 'aud', 'realm', 'jti', 'iat', 'exp']
const OWN_RULES: readonly string[] = ['via', 'realms']

export function maskExplanation(explanation: Explanation): Explanation {
  const { caller, rules, tenant, credential, headers } = explanation
  return {
    ...explanation,
    caller: { ...caller, subject: caller.subject === null ? null : describeShape(caller.subject) },
    rules: rules.map((finding) =>
      OWN_RULES.includes(finding.rule) ? finding : { ...finding, saw: describeShape(finding.saw) },
    ),
    tenant: maskTenant(tenant),
    credential: credential === null ? null : { ...credential, claims: maskClaims(credential.claims) },
    headers: headers === null ? null : { ...headers, set: headers.set.map(maskHeader) },
  }
}

function maskTenant(decision: TenantDecision): TenantDecision {
  if (decision.kind === 'decided') return { ...decision, tenant: describeShape(decision.tenant) ?? '' }
  return decision.kind === 'ambiguous' ? { ...decision, tenants: decision.tenants.map(() => 'text') } : decision
}

function maskClaims(claims: Readonly<Record<string, unknown>> | null): Readonly<Record<string, unknown>> | null {
  if (claims === null) return null
  const masked = Object.entries(claims).map(([name, value]) => [
    name,
    OWN_CLAIMS.includes(name) ? value : describeShape(value),
  ])
  return Object.fromEntries(masked)
}

function maskHeader([name, value]: readonly [string, string]): readonly [string, string] {
  return [name, name === 'x-tenant' ? 'text' : value]
}

/** Null stays null: that there is nothing is the point. */
function describeShape(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return `list of ${value.length}`
  if (typeof value === 'object') return `object of ${Object.keys(value).length}`
  return typeof value === 'string' ? 'text' : typeof value
}
