import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, skipped, wrong } from '../finding.ts'
import { errorOf, evidenceOf, strangeAnswer } from '../refusal.ts'

/** Known and enabled. Keycloak answers `invalid_client` with 401 for both, whatever the secret. */
export async function checkClient(facts: ClientFacts): Promise<Finding> {
  const { clientId } = facts.client
  const seen = await facts.look()
  if (seen.kind === 'absent') {
    const remedy = 'make it with doorman apply, or correct the client id'
    return wrong('client-unknown', `the realm has no client ${clientId}`, remedy, { clientId })
  }
  const isDisabled = seen.kind === 'seen' && seen.client.settings.enabled === false
  if (isDisabled) {
    const remedy = `switch on "Enabled" of ${clientId}, or run doorman apply`
    return wrong('client-disabled', `client ${clientId} is switched off`, remedy, { clientId, field: 'enabled' })
  }
  const answer = await facts.trial()
  const strange = strangeAnswer(answer, facts.realm)
  if (strange !== undefined) return strange
  if (seen.kind === 'seen') return ok(`${clientId} is there and enabled`)
  if (answer.kind !== 'answered' || answer.status !== 401 || errorOf(answer) !== 'invalid_client') {
    return ok(`Keycloak knows ${clientId}`)
  }
  // Without a certificate or a pod's token Keycloak cannot tell who asks.
  const proof = await facts.proof()
  if (proof.kind === 'unknown' && !proof.isSecret) return skipped(proof.because)
  const remedy =
    'see whether it is there and switched on, or run doorman apply; a credential in provision tells which it is'
  const cause = `the realm has no client ${clientId}, or it is switched off`
  return wrong('client-unknown-or-disabled', cause, remedy, { clientId, ...evidenceOf(answer) })
}
