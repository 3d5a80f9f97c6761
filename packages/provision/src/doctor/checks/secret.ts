import type { Answer } from '../call.ts'
import type { ClientFacts, Look } from '../client-facts.ts'
import { type Finding, ok, skipped, wrong } from '../finding.ts'
import type { ClientProof } from '../ground.ts'
import { errorOf, evidenceOf } from '../refusal.ts'

/** A code that was never issued is `invalid_grant` to a client that has proved who it is, and to no other. */
export async function checkSecret(facts: ClientFacts): Promise<Finding> {
  const proof = await facts.proof()
  const answer = await facts.trial()
  const seen = await facts.look()
  const isTaken = errorOf(answer) === 'invalid_grant'
  if (proof.kind === 'public') return isTaken ? ok('a public client has none') : mustBePublic(facts, answer)
  // To a public client Keycloak does not look at secrets at all.
  if (seen.kind === 'seen' && seen.client.settings.publicClient === true) return mustBeConfidential(facts)
  if (proof.kind === 'unknown') {
    return isTaken ? mustBeConfidential(facts) : skipped(`what it holds is not known here: ${proof.because}`)
  }
  if (isTaken) return ok(`taken, as it stands in ${proof.from}`)
  return refused(facts, proof, answer, seen)
}

type Known = ClientProof & { readonly kind: 'credential' }

function refused({ client }: ClientFacts, { credential, from }: Known, answer: Answer, seen: Look): Finding {
  const evidence = { clientId: client.clientId, from, ...evidenceOf(answer) }
  if (credential.kind === 'privateKey') {
    const cause = `Keycloak refuses the assertion signed with the key of ${from}`
    const remedy =
      'compare the public key at the client ("Keys") and token.endpoint.auth.signing.alg with the file, and the clocks; doorman apply registers the key'
    return wrong('proof-refused', cause, remedy, evidence)
  }
  const expected = seen.kind === 'seen' ? seen.client.settings.clientAuthenticatorType : undefined
  if (errorOf(answer) === 'invalid_client' || (typeof expected === 'string' && expected !== 'client-secret')) {
    const by = typeof expected === 'string' ? `by ${expected}` : 'in another way than by a secret'
    const cause = `Keycloak wants ${client.clientId} to prove who it is ${by}`
    return wrong('proof-refused', cause, '"Credentials", "Client Authenticator": choose what the file says', evidence)
  }
  const held = seen.kind === 'seen' && seen.client.secret.kind === 'known' ? seen.client.secret.value : undefined
  if (held === credential.secret) {
    const cause = `Keycloak refuses its own secret for ${client.clientId}, sent by HTTP Basic`
    const remedy = 'empty the attribute client.secret.authentication.allowed.method of the client'
    return wrong('proof-refused', cause, remedy, evidence)
  }
  const cause = held === undefined ? `the secret in ${from} is not taken` : `${from} holds another secret than Keycloak`
  const remedy =
    'run doorman apply, which delivers the one Keycloak has, and restart what reads it; or doorman secret rotate'
  return wrong('secret-wrong', cause, remedy, evidence)
}

function mustBePublic({ client: { clientId } }: ClientFacts, answer: Answer): Finding {
  const cause = `${clientId} is public in the file, and confidential in Keycloak: a page cannot prove who it is`
  const remedy = 'switch off "Client authentication", or run doorman apply'
  return wrong('client-confidential', cause, remedy, { clientId, field: 'publicClient', ...evidenceOf(answer) })
}

function mustBeConfidential({ client: { clientId } }: ClientFacts): Finding {
  const cause = `${clientId} is public in Keycloak: anybody passes for it, and its secret is not looked at`
  const remedy = 'switch on "Client authentication", or run doorman apply'
  return wrong('client-public', cause, remedy, { clientId, field: 'publicClient' })
}
