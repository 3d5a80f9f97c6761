// What an internal token says of the caller, filtered to what its one audience declares (RFC 9068 section 2.2). No I/O
// and no clock.
import { RESERVED_CLAIMS } from '../kernel/reserved-claims.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Beneficiary, InternalCredential } from './obtained.ts'

/** Keycloak gives these to everybody; they say nothing to a service. */
const GIVEN_TO_EVERYBODY: readonly string[] = ['offline_access', 'uma_authorization']

export interface InternalTokenFacts {
  readonly issuer: string
  readonly tenant: string | null
  readonly tokenId: string
  readonly issuedAt: EpochSeconds
  readonly expiresAt: EpochSeconds
}

export function buildInternalClaims(
  beneficiary: Beneficiary,
  credential: InternalCredential,
  facts: InternalTokenFacts,
): Readonly<Record<string, unknown>> {
  const { realm, subject, handle, clientId } = beneficiary
  return {
    ...pickClaims(beneficiary, credential),
    iss: facts.issuer,
    aud: credential.audience,
    sub: subject,
    // A subject is one only within its realm (OpenID Connect Core 1.0 section 2).
    realm,
    ...(handle === null ? {} : { sid: handle }),
    roles: pickRoles(beneficiary.realmRoles, credential.roles),
    ...pickClientRoles(beneficiary, credential),
    ...(facts.tenant === null ? {} : { tenant: facts.tenant }),
    client_id: clientId,
    jti: facts.tokenId,
    iat: facts.issuedAt,
    exp: facts.expiresAt,
  }
}

function pickClaims({ claim }: Beneficiary, { claims }: InternalCredential): Readonly<Record<string, unknown>> {
  const told = claims.filter((name) => !RESERVED_CLAIMS.includes(name)).map((name) => [name, claim(name)] as const)
  return Object.fromEntries(told.filter(([, value]) => value !== undefined))
}

function pickRoles(held: readonly string[], told: InternalCredential['roles']): readonly string[] {
  if (told !== 'all') return held.filter((role) => told.includes(role))
  return held.filter((role) => !role.startsWith('default-roles-') && !GIVEN_TO_EVERYBODY.includes(role))
}

function pickClientRoles({ clientRoles }: Beneficiary, told: InternalCredential) {
  const held = told.clientRoles.filter((clientId) => Object.hasOwn(clientRoles, clientId))
  if (held.length === 0) return {}
  return { client_roles: Object.fromEntries(held.map((clientId) => [clientId, clientRoles[clientId]])) }
}
