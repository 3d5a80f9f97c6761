// On whose behalf credentials are had: what policies know of somebody, and the token they came with.
import type { KnownPrincipal, Principal } from '../policy/principal.ts'
import type { Requirement } from '../policy/requirement.ts'
import type { Beneficiary, Credential } from '../tokens/obtained.ts'

const NO_CREDENTIAL: Credential = { kind: 'none' }

interface SendingRoute {
  readonly require: Requirement
  readonly credential: Credential
}

/**
 * What a route sends for somebody. Where people may be known and this one is not, it is nothing: the service must not
 * take a stranger for anybody, and be it the gateway itself.
 */
export function credentialFor({ require, credential }: SendingRoute, { kind }: Principal): Credential {
  return kind === 'anonymous' && require !== 'none' ? NO_CREDENTIAL : credential
}

const known = new WeakMap<KnownPrincipal, Beneficiary>()

/** The same one for the same principal, so that a warm request builds nothing. */
export function beneficiaryOf(principal: KnownPrincipal): Beneficiary {
  const made = known.get(principal)
  if (made !== undefined) return made
  const beneficiary = build(principal)
  known.set(principal, beneficiary)
  return beneficiary
}

function build(principal: KnownPrincipal): Beneficiary {
  const { realm, issuer, subject, clientId, handle, realmRoles, clientRoles, claim } = principal
  const person = { realm, issuer, subject, clientId, handle, realmRoles, clientRoles, claim }
  if (principal.kind === 'bearer') {
    const { accessToken, caller } = principal
    return { ...person, accessToken, accessTokenExpiresAt: caller.expiresAt, live: null, anchor: caller }
  }
  const { live } = principal
  const { tokens } = live.session
  const { accessToken, accessTokenExpiresAt } = tokens
  return { ...person, accessToken, accessTokenExpiresAt, live, anchor: tokens }
}
