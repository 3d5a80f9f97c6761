// For which tenant a request is made. Pure. The claim says which tenants somebody has; a segment of the path or the
// header X-Tenant only chooses among them. What is decided goes into credentials and headers, so that nothing else than
// a short plain word is ever a tenant.
import type { ErrorCode } from '../kernel/errors.ts'
import type { KnownPrincipal, Principal } from './principal.ts'

export interface TenantRules {
  /** A claim that is a string, a list of strings or an object whose keys are the tenants (Keycloak's organizations). */
  readonly claim: string
  /** The segment of the path that chooses among them, 1 being the first; null: the header `X-Tenant` chooses. */
  readonly pathSegment: number | null
}

export interface TenantQuestion {
  /** Null: there are no tenants. */
  readonly rules: TenantRules | null
  /** The route lets nobody in without one. */
  readonly isRequired: boolean
  readonly principal: Principal
  /** `X-Tenant` as it came; several of them joined by commas, as Node does it. */
  readonly header: string | string[] | undefined
  /** The canonical path, still encoded. */
  readonly path: string
}

export type TenantDecision =
  | { readonly kind: 'decided'; readonly tenant: string }
  | { readonly kind: 'none' }
  /** `tenants` are those the person may name. */
  | { readonly kind: 'ambiguous'; readonly tenants: readonly string[] }
  | { readonly kind: 'forbidden' }

/** The code with which a request is refused at once; that a required one is absent is for the access policy to say. */
export const TENANT_REFUSALS = {
  ambiguous: 'ERR_TENANT_AMBIGUOUS',
  forbidden: 'ERR_TENANT_FORBIDDEN',
} as const satisfies Readonly<Record<string, ErrorCode>>

const NONE: TenantDecision = { kind: 'none' }
const FORBIDDEN: TenantDecision = { kind: 'forbidden' }
/** What one header value can hold; no comma, because two headers arrive joined by one. */
const TENANT = /^[!-+\--~]{1,128}$/

const tenantsOfPrincipals = new WeakMap<
  KnownPrincipal,
  { readonly claim: string; readonly tenants: readonly string[] }
>()

export function decideTenant(question: TenantQuestion): TenantDecision {
  const { rules, principal } = question
  if (rules === null || principal.kind === 'anonymous') return NONE
  const tenants = findTenants(principal, rules.claim)
  if (tenants.length === 0) return NONE
  if (rules.pathSegment !== null) return chooseByPath(tenants, question, rules.pathSegment)
  if (question.header !== undefined) return chooseByHeader(tenants, question.header)
  const [only] = tenants
  if (tenants.length === 1 && only !== undefined) return { kind: 'decided', tenant: only }
  return question.isRequired ? { kind: 'ambiguous', tenants } : NONE
}

/** A path that names no tenant of theirs is forbidden where the route is one of a tenant's, and else just a path. */
function chooseByPath(tenants: readonly string[], question: TenantQuestion, segment: number): TenantDecision {
  const named = decodeOnce(question.path.split('/', segment + 1)[segment] ?? '')
  if (named !== null && tenants.includes(named)) return { kind: 'decided', tenant: named }
  return question.isRequired ? FORBIDDEN : NONE
}

function chooseByHeader(tenants: readonly string[], header: string | string[]): TenantDecision {
  const isTheirs = typeof header === 'string' && tenants.includes(header)
  return isTheirs ? { kind: 'decided', tenant: header } : { kind: 'ambiguous', tenants }
}

function findTenants(principal: KnownPrincipal, claim: string): readonly string[] {
  const known = tenantsOfPrincipals.get(principal)
  if (known?.claim === claim) return known.tenants
  const tenants = tenantsOf(principal.claim(claim))
  tenantsOfPrincipals.set(principal, { claim, tenants })
  return tenants
}

/** The tenants that a claim of any shape names, each once; one that could not stand in a header is none. */
export function tenantsOf(value: unknown): readonly string[] {
  return [...new Set(namesIn(value).filter(isTenant))]
}

function namesIn(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function isTenant(name: unknown): name is string {
  return typeof name === 'string' && TENANT.test(name)
}

function decodeOnce(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
