// What a reader of an explanation might not expect.
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.ts'
import { isSafeMethod } from '../policy/csrf.ts'
import type { Principal } from '../policy/principal.ts'
import type { Decision } from '../policy/requirement.ts'
import type { ExplainQuestion } from './explain-question.ts'

const NOTE_ON_NOBODY = 'nobody has to be logged in: the request goes on, and without a credential'
const NOTE_ON_ENDED = 'the same request goes on without a credential once nobody is logged in'

export function notesOn(
  config: GatewayConfig,
  question: ExplainQuestion,
  route: RouteConfig,
  decision: Decision,
): readonly string[] {
  const { credential, require } = route
  const { principal } = question
  const isOptional = require !== 'none' && require.login === 'optional'
  const isSent = decision.kind === 'deny' && (decision.needs === 'login' || decision.needs === 'step-up')
  const isPage = route.page && question.method === 'GET' && require !== 'none' && require.via.includes('session')
  const second = credential.kind === 'realm' ? config.realms[credential.realm]?.obtain : undefined
  return [
    ...(isSent && isPage ? ['a page is sent to log in instead'] : []),
    ...(isOptional ? [principal.kind === 'anonymous' ? NOTE_ON_NOBODY : NOTE_ON_ENDED] : []),
    ...(proves(principal, isOptional) && !isSafeMethod(question.method) && require !== 'none'
      ? ['the request must also prove that a page of yours sent it (Origin, Sec-Fetch-Site or X-Doorman)']
      : []),
    ...(credential.kind === 'realm' && second?.kind === 'login'
      ? [`whoever has not logged in to realm ${credential.realm} yet is sent there first`]
      : []),
  ]
}

/** A bearer token is proof enough. */
function proves({ kind }: Principal, isOptional: boolean): boolean {
  return kind === 'session' || (kind === 'anonymous' && isOptional)
}
