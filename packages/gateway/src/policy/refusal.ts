// What a caller is told who is turned away: the code, and the challenge that says what would be enough.
import type { ErrorCode } from '../kernel/errors.ts'
import type { BearerErrorCode } from './bearer.ts'
import { askForBearer, askForScopes, askForStepUp, refuseBearer } from './challenge.ts'
import type { Principal } from './principal.ts'
import type { Denial, PersonRequirement } from './requirement.ts'

export interface AccessRefusal {
  readonly code: ErrorCode
  /** A value of `WWW-Authenticate`; null for none. */
  readonly challenge: string | null
}

export interface RefusedRequest {
  readonly via: PersonRequirement['via']
  readonly principal: Principal
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
}

export function refuseAccess(denial: Denial, { via, principal, challengeRealm }: RefusedRequest): AccessRefusal {
  switch (denial.needs) {
    case 'login':
    case 'via':
      return {
        code: via.includes('session') ? 'ERR_SESSION_REQUIRED' : 'ERR_BEARER_REQUIRED',
        challenge: via.includes('bearer') ? askForBearer(challengeRealm) : null,
      }
    case 'step-up':
      return {
        code: 'ERR_POLICY_STEP_UP_REQUIRED',
        challenge: askForStepUp(challengeRealm, denial.acrValues, denial.maxAgeSeconds),
      }
    case 'scope':
      // Pages ask for no scopes; whoever brings a token can get another one.
      return {
        code: 'ERR_POLICY_FORBIDDEN',
        challenge: principal.kind === 'bearer' ? askForScopes(challengeRealm, denial.scopes) : null,
      }
    case 'tenant':
      return { code: 'ERR_TENANT_REQUIRED', challenge: null }
    default:
      return { code: 'ERR_POLICY_FORBIDDEN', challenge: null }
  }
}

export function refuseCredential(code: BearerErrorCode, challengeRealm: string): AccessRefusal {
  switch (code) {
    case 'ERR_BEARER_MALFORMED':
      return { code, challenge: refuseBearer(challengeRealm, 'invalid_request') }
    case 'ERR_BEARER_INVALID':
      return { code, challenge: refuseBearer(challengeRealm, 'invalid_token') }
    case 'ERR_BEARER_UNAVAILABLE':
      return { code, challenge: null }
  }
}
