import type { TokenClaims } from '../claims.ts'
import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'
import type { DoctorRoles } from '../ground.ts'

/** Roles of the service account, in its own token: what is not there is not seen by any service. */
export async function checkRoles(facts: ClientFacts): Promise<Finding> {
  const { roles, clientId } = facts.client
  const wanted = roles === null ? [] : namesOf(roles)
  if (roles === null || wanted.length === 0) return unneeded('the file asks for no roles')
  const own = await facts.token()
  if (own.kind !== 'token') return skipped('it has no token of its own')
  if (own.claims === undefined) return skipped('its tokens are no JWT')
  const present = namesOf(own.claims satisfies TokenClaims)
  const missing = wanted.filter((name) => !present.includes(name))
  if (missing.length === 0) return ok(wanted.join(', '))
  const evidence = { clientId, missing }
  const account = await facts.serviceAccount()
  const given = account === null ? [] : namesOf(account)
  const held = missing.filter((name) => given.includes(name))
  if (held.length > 0) {
    const cause = `service-account-${clientId} has ${held.join(', ')}, and its tokens do not say so`
    const remedy =
      'switch on "Full scope allowed" in the dedicated scope of the client, and assign it the client scope roles; or run doorman apply'
    return wrong('role-not-in-token', cause, remedy, { ...evidence, field: 'fullScopeAllowed' })
  }
  const cause = `service-account-${clientId} lacks ${missing.join(', ')}`
  const remedy = 'assign them under "Service account roles", or run doorman apply'
  return wrong('role-missing', cause, remedy, evidence)
}

/** Client roles as `CLIENT/ROLE`. */
function namesOf({ realmRoles, clientRoles }: DoctorRoles): readonly string[] {
  const ofClients = Object.entries(clientRoles).flatMap(([client, roles]) => roles.map((role) => `${client}/${role}`))
  return [...realmRoles, ...ofClients]
}
