import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'
import { errorOf, evidenceOf, strangeAnswer } from '../refusal.ts'

/** The real call of whoever has tokens of its own (RFC 6749 section 4.4). */
export async function checkServiceAccount(facts: ClientFacts): Promise<Finding> {
  const { clientId, hasServiceAccount } = facts.client
  if (!hasServiceAccount) return unneeded('it needs none')
  const own = await facts.token()
  if (own.kind === 'unasked') return skipped(own.because)
  if (own.kind === 'token') return ok('it gets tokens by client credentials')
  const strange = strangeAnswer(own.answer, facts.realm)
  if (strange !== undefined) return strange
  const evidence = { clientId, ...evidenceOf(own.answer) }
  if (errorOf(own.answer) === 'unauthorized_client') {
    const cause = `Keycloak gives ${clientId} no token of its own, although it knows its secret`
    const remedy = 'switch on "Service account roles" and "Client authentication", or run doorman apply'
    return wrong('service-account-off', cause, remedy, { ...evidence, field: 'serviceAccountsEnabled' })
  }
  if (errorOf(own.answer) === 'invalid_request') {
    const cause = `the user service-account-${clientId} is switched off or gone`
    const remedy =
      'enable that user; or switch "Service account roles" off and on, which makes it again without its roles'
    return wrong('service-account-disabled', cause, remedy, evidence)
  }
  const cause = `Keycloak refuses ${clientId} a token of its own: ${errorOf(own.answer)}`
  return wrong('token-refused', cause, 'see what Keycloak has said, and its log', evidence)
}
