// What an endpoint of Keycloak's has said, as far as it can be shown and gone by.
import { keycloakText } from '../keycloak/admin-errors.ts'
import { type Answer, describeFailure } from './call.ts'
import { type Evidence, type Finding, wrong } from './finding.ts'
import type { RealmFacts } from './realm-facts.ts'

type Answered = Answer & { readonly kind: 'answered' }

/** Keycloak's word for it, such as `unauthorized_client`; empty for none. */
export function errorOf(answer: Answer): string {
  return answer.kind === 'answered' && typeof answer.body.error === 'string' ? answer.body.error : ''
}

export function saidOf({ body }: Answered): string {
  return keycloakText(body) ?? ''
}

export function evidenceOf(answer: Answer): Evidence {
  if (answer.kind === 'failed') return { code: answer.code }
  const error = errorOf(answer)
  const said = saidOf(answer)
  return {
    status: answer.status,
    ...(error === '' ? {} : { error }),
    ...(said === '' || said === error ? {} : { said }),
  }
}

/** For an answer that no client could get from Keycloak. Undefined for one that can be gone by. */
export function strangeAnswer(answer: Answer, { realm }: RealmFacts): Finding | undefined {
  if (answer.kind === 'failed') {
    const remedy = 'look at what stands between here and Keycloak, and at its log'
    return wrong(
      'token-endpoint',
      `the token endpoint of ${realm.address} ${describeFailure(answer)}`,
      remedy,
      evidenceOf(answer),
    )
  }
  if (answer.status < 500 && answer.status !== 429 && (answer.isJson || answer.status === 200)) return undefined
  return wrong(
    'token-endpoint',
    `the token endpoint of ${realm.address} answers ${answer.status}`,
    'look at what stands between here and Keycloak, and at its log: it answers other requests',
    evidenceOf(answer),
  )
}
