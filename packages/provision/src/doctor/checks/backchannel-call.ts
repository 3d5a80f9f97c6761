import { type Answer, ask, describeFailure } from '../call.ts'
import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, unneeded, wrong } from '../finding.ts'
import { errorOf, evidenceOf } from '../refusal.ts'

const NOBODY_THERE: readonly number[] = [404, 405, 421]

/** Keycloak's call without a token, from here: it is refused (Back-Channel Logout 1.0 section 2.8), and so heard. */
export async function checkBackchannelCall({ client, realm }: ClientFacts): Promise<Finding> {
  const { backchannelLogout } = client
  if (backchannelLogout === null) return unneeded('it hears of no logouts')
  const { url, isGateway } = backchannelLogout
  const { timeoutSeconds } = realm.realm
  const answer = await ask({ url, method: 'POST', form: new URLSearchParams(), timeoutSeconds })
  if (answer.kind === 'failed') return unreachable(url, answer)
  const isHeard = isGateway
    ? answer.status === 400 && errorOf(answer) === 'invalid_request'
    : isListening(answer.status)
  if (isHeard) return ok(`${url} answers here as it should`)
  const evidence = { url, ...evidenceOf(answer) }
  if (answer.status === 421) {
    const cause = `${url} is answered 421: the gateway answers for the host of publicUrl alone`
    const remedy = 'register the URL with the host of publicUrl, and let it lead to the gateway inside the network, too'
    return wrong('backchannel-host', cause, remedy, evidence)
  }
  const cause = `${url} is answered ${answer.status}: something else than ${isGateway ? 'the gateway' : client.clientId} is there`
  const remedy = 'see that this path leads to it, with POST and without a login before it'
  return wrong('backchannel-answer', cause, remedy, evidence)
}

function isListening(status: number): boolean {
  return status < 500 && (status < 300 || status >= 400) && !NOBODY_THERE.includes(status)
}

function unreachable(url: string, answer: Answer & { readonly kind: 'failed' }): Finding {
  const cause = `${url} ${describeFailure(answer)}, asked from here; people would stay logged in after a logout elsewhere`
  const remedy = 'start what listens there; where only Keycloak can reach it, run doorman doctor on that network'
  return wrong('backchannel-unreachable', cause, remedy, { url, code: answer.code })
}
