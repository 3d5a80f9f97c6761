import type { Answer } from '../call.ts'
import { readClaims } from '../claims.ts'
import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'
import type { DoctorExchange } from '../ground.ts'
import { mappedAudiences } from '../mapped-audiences.ts'
import { told } from '../redaction.ts'
import { errorOf, evidenceOf, saidOf, strangeAnswer } from '../refusal.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const SWITCH = 'standard.token.exchange.enabled'

/** With a token of its own, since there is no person's (RFC 8693). Without one Keycloak tells whether the switch is on. */
export async function checkExchange(facts: ClientFacts): Promise<Finding> {
  const { exchanges } = facts.client
  if (exchanges.length === 0) return unneeded('it exchanges no tokens')
  if ((await facts.proof()).kind !== 'credential') return skipped('it cannot be tried without its secret')
  const own = await facts.token()
  const subject = own.kind === 'token' ? own.token : null
  for (const exchange of exchanges) {
    const found =
      (await tryExchange(facts, exchange, subject)) ??
      (subject === null ? await judgeMappers(facts, exchange) : undefined)
    if (found !== undefined) return found
  }
  const audiences = exchanges.map(({ audience }) => audience).join(', ')
  if (subject !== null) return ok(audiences)
  return skipped(
    `the switch is on; tokens for ${audiences} cannot be tried without a service account or a person's token`,
  )
}

async function tryExchange(
  facts: ClientFacts,
  exchange: DoctorExchange,
  subject: string | null,
): Promise<Finding | undefined> {
  const { audience, scopes } = exchange
  const answer = await facts.send({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject ?? 'doorman-doctor',
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    audience,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  })
  const strange = strangeAnswer(answer, facts.realm)
  if (strange !== undefined) return strange
  if (answer.kind === 'answered' && answer.status === 200) return judgeToken(facts, exchange, answer)
  return refused(facts, exchange, answer, subject !== null)
}

type Answered = Answer & { readonly kind: 'answered' }

function judgeToken({ client, realm }: ClientFacts, { audience, because }: DoctorExchange, { body }: Answered) {
  const token = String(body.access_token)
  realm.redaction.add(token)
  const { audiences = [] } = readClaims(token) ?? {}
  if (audiences.includes(audience)) return undefined
  const cause = `the token that ${client.clientId} gets for ${audience} is not for it`
  return wrong('exchange-audience', cause, mapperRemedy(audience), { audience, aud: audiences, because })
}

async function judgeMappers(facts: ClientFacts, { audience, scopes, because }: DoctorExchange) {
  const mapped = await mappedAudiences(facts, scopes)
  if (mapped === undefined || mapped.includes(audience)) return undefined
  const cause = `no mapper of ${facts.client.clientId}, nor of the scopes it asks for, is for ${audience}`
  return wrong('exchange-audience', cause, mapperRemedy(audience), { audience, scopes, mapped, because })
}

async function refused(
  facts: ClientFacts,
  { audience, scopes, because }: DoctorExchange,
  answer: Answer,
  hasToken: boolean,
): Promise<Finding | undefined> {
  const { clientId } = facts.client
  const evidence = { clientId, audience, scopes, because, ...evidenceOf(answer) }
  if (await isOff(facts, answer)) {
    const cause = `client ${clientId} may not exchange tokens`
    const remedy = 'switch on "Standard token exchange", or run doorman apply; Keycloak has it since 26.2'
    return wrong('exchange-off', cause, remedy, { ...evidence, field: `attributes.${SWITCH}` })
  }
  const error = errorOf(answer)
  if (error === 'invalid_scope') {
    const cause = `${clientId} may not ask for one of the scopes ${scopes.join(', ')}`
    return wrong('scope-refused', cause, 'assign it as an optional scope, or run doorman apply', evidence)
  }
  if (error === 'invalid_client') {
    const cause = `there is no client ${audience} in the realm, or it is switched off`
    return wrong('exchange-audience', cause, 'make or enable it: doorman apply', evidence)
  }
  if (!hasToken) return undefined
  if (error === 'invalid_request') {
    const cause = `${clientId} gets no tokens for ${audience}`
    return wrong('exchange-audience', cause, mapperRemedy(audience), evidence)
  }
  const cause = `Keycloak refuses the exchange: ${told(error)}`
  return wrong('exchange-refused', cause, 'see what Keycloak has said, and its log', evidence)
}

/** Keycloak has the same word for this as for others: its text tells, where the client is not seen. */
async function isOff({ look }: ClientFacts, answer: Answer): Promise<boolean> {
  if (errorOf(answer) === 'unsupported_grant_type') return true
  const seen = await look()
  if (seen.kind === 'seen') return seen.client.attributes[SWITCH] !== 'true'
  return answer.kind === 'answered' && saidOf(answer).startsWith('Standard token exchange is not enabled')
}

function mapperRemedy(audience: string): string {
  return `give the client a mapper for the audience ${audience}, or a scope with one that the file names; or run doorman apply`
}
