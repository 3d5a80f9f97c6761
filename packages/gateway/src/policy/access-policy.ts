// Who may use a route. Pure: a principal and a requirement in, a decision with its reason out.
import type { Principal } from './principal.ts'
import type { Decision, Denial, Facts, Requirement } from './requirement.ts'
import { type Condition, RULES } from './rules.ts'

/** A requirement reduced to what it asks for. */
export type CompiledRequirement =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'person'; readonly isOptional: boolean; readonly conditions: readonly Condition[] }

/** What one rule asked for and what it found. */
export interface RuleFinding {
  readonly rule: string
  readonly wants: unknown
  /** Null for nothing. May be a claim of any shape. */
  readonly saw: unknown
  readonly holds: boolean
}

const ALLOW: Decision = { kind: 'allow' }
const NOT_LOGGED_IN: Denial = { kind: 'deny', needs: 'login', because: 'nobody is logged in' }

export function compileRequirement(requirement: Requirement): CompiledRequirement {
  if (requirement === 'none') return { kind: 'everybody' }
  return {
    kind: 'person',
    isOptional: requirement.login === 'optional',
    conditions: RULES.flatMap((rule) => rule.conditions(requirement)),
  }
}

export function decide(requirement: CompiledRequirement, principal: Principal, facts: Facts): Decision {
  if (requirement.kind === 'everybody') return ALLOW
  if (principal.kind === 'anonymous') return requirement.isOptional ? ALLOW : NOT_LOGGED_IN
  for (const condition of requirement.conditions) {
    if (!condition.holds(condition.sees(principal, facts), facts)) return condition.denial
  }
  return ALLOW
}

/** Every rule with what it sees, also after one that turns the caller away. */
export function explainRules(
  requirement: CompiledRequirement,
  principal: Principal,
  facts: Facts,
): readonly RuleFinding[] {
  if (requirement.kind === 'everybody') return []
  const { isOptional } = requirement
  const isKnown = principal.kind !== 'anonymous'
  const login = {
    rule: 'login',
    wants: isOptional ? 'optional' : true,
    saw: isKnown ? principal.subject : null,
    holds: isKnown || isOptional,
  }
  if (!isKnown && isOptional) return [login]
  const found = requirement.conditions.map((condition) => {
    const saw = isKnown ? condition.sees(principal, facts) : undefined
    return {
      rule: condition.rule,
      wants: condition.wants,
      saw: saw ?? null,
      holds: isKnown && condition.holds(saw, facts),
    }
  })
  return [login, ...found]
}

/** True when whoever passes `other` also passes `requirement`. May be false where that cannot be told. */
export function isImpliedBy(requirement: Requirement, other: Requirement): boolean {
  if (requirement === 'none') return true
  if (other === 'none' || (other.login === 'optional' && requirement.login !== 'optional')) return false
  return RULES.every((rule) => rule.isImplied(requirement, other))
}
