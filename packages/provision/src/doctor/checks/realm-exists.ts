import type { Answer } from '../call.ts'
import { describeFailure } from '../call.ts'
import { type Finding, ok, wrong } from '../finding.ts'
import { discoveryUrl, type RealmFacts } from '../realm-facts.ts'
import { errorOf, evidenceOf } from '../refusal.ts'

/** Discovery answers for a realm that is switched off, too: the token endpoint tells. */
export async function checkRealm(facts: RealmFacts): Promise<Finding> {
  const { address } = facts.realm
  const { answer } = await facts.discover()
  const trouble = troubleOf(answer, address)
  if (trouble !== undefined) return trouble
  const knocked = await facts.knock()
  if (knocked.kind === 'answered' && knocked.status === 403 && errorOf(knocked) === 'access_denied') {
    return wrong('realm-disabled', 'the realm is switched off', 'switch it on: "Realm settings", "Enabled"', {
      ...evidenceOf(knocked),
    })
  }
  return ok(`${address} is a realm`)
}

function troubleOf(answer: Answer, address: string): Finding | undefined {
  if (answer.kind === 'failed') {
    const remedy = 'look at what listens there'
    return wrong('not-keycloak', `${discoveryUrl(address)} ${describeFailure(answer)}`, remedy, evidenceOf(answer))
  }
  if (answer.status === 200 && typeof answer.body.issuer === 'string') return undefined
  const evidence = { ...evidenceOf(answer), url: discoveryUrl(address) }
  // Keycloak's own 404 is JSON with this text; a path that is none of its own has another one.
  if (answer.status === 404 && answer.body.error === 'Realm does not exist') {
    const remedy = 'make the realm, or correct issuer in the file; names of realms are case-sensitive'
    return wrong('realm-unknown', `Keycloak has no realm ${nameOf(address)}`, remedy, evidence)
  }
  if (answer.status === 403) {
    const cause = 'the realm wants https ("Require SSL"), and is called by http'
    return wrong('https-required', cause, 'call it by https, or let the proxy send X-Forwarded-Proto', evidence)
  }
  if (answer.status === 503) {
    const remedy = 'wait; a starting Keycloak says so in plain text, a proxy without one as a page'
    return wrong('keycloak-starting', 'Keycloak is starting, or not there behind its proxy', remedy, evidence)
  }
  const cause = `what answers at ${address} with ${answer.status} is no realm of Keycloak`
  const remedy = 'correct host and path: an old Keycloak, or one with KC_HTTP_RELATIVE_PATH, has /auth before /realms'
  return wrong('not-keycloak', cause, remedy, evidence)
}

function nameOf(address: string): string {
  return decodeURIComponent(address.slice(address.lastIndexOf('/') + 1))
}
