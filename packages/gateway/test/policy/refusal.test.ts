import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callerFromClaims } from '@doorman/resource-server'
import { compileRequirement, decide } from '../../src/policy/access-policy.ts'
import { ANONYMOUS, bearerPrincipal, type Principal, sessionPrincipal } from '../../src/policy/principal.ts'
import { type AccessRefusal, refuseAccess, refuseCredential } from '../../src/policy/refusal.ts'
import type { PersonRequirement } from '../../src/policy/requirement.ts'
import { buildRequirement } from '../support/requirements.ts'
import { buildLive } from '../support/sessions.ts'

const BY_SESSION = sessionPrincipal(buildLive(), 'web')
const BY_TOKEN = bearerPrincipal(callerFromClaims('realm', { sub: 'robot' }), 'a-token', 'main')

function refusalOf(changes: Partial<PersonRequirement>, principal: Principal): AccessRefusal {
  const requirement = buildRequirement(changes)
  const decision = decide(compileRequirement(requirement), principal, { now: 1000, tenant: null })
  assert(decision.kind === 'deny')
  return refuseAccess(decision, { via: requirement.via, principal, challengeRealm: 'doorman' })
}

const BEARER = 'Bearer realm="doorman"'
const SCOPE = `${BEARER}, error="insufficient_scope", scope="a b"`
const STEP_UP = `${BEARER}, error="insufficient_user_authentication", acr_values="gold", max_age="60"`

suite('somebody who is turned away is told', () => {
  const rows: readonly (readonly [
    string,
    Partial<PersonRequirement>,
    Principal,
    AccessRefusal['code'],
    string | null,
  ])[] = [
    ['to log in', { via: ['session'] }, ANONYMOUS, 'ERR_SESSION_REQUIRED', null],
    ['to log in or to bring a token', {}, ANONYMOUS, 'ERR_SESSION_REQUIRED', BEARER],
    ['to bring a token', { via: ['bearer'] }, ANONYMOUS, 'ERR_BEARER_REQUIRED', BEARER],
    ['to bring a token instead of the session', { via: ['bearer'] }, BY_SESSION, 'ERR_BEARER_REQUIRED', BEARER],
    ['to log in instead of the token', { via: ['session'] }, BY_TOKEN, 'ERR_SESSION_REQUIRED', null],
    ['nothing of the roles', { roles: ['admin'] }, BY_TOKEN, 'ERR_POLICY_FORBIDDEN', null],
    ['nothing of the groups', { groups: ['/a'] }, BY_SESSION, 'ERR_POLICY_FORBIDDEN', null],
    ['nothing of the claims', { claims: { plan: ['gold'] } }, BY_SESSION, 'ERR_POLICY_FORBIDDEN', null],
    ['which scopes a token needs', { scopes: ['a', 'b'] }, BY_TOKEN, 'ERR_POLICY_FORBIDDEN', SCOPE],
    ['nothing of scopes where no token was sent', { scopes: ['a'] }, BY_SESSION, 'ERR_POLICY_FORBIDDEN', null],
    ['that a tenant is required', { tenant: true }, BY_SESSION, 'ERR_TENANT_REQUIRED', null],
    ['which login would do', { acr: ['gold'], maxAgeSeconds: 60 }, BY_SESSION, 'ERR_POLICY_STEP_UP_REQUIRED', STEP_UP],
    [
      'which login a token needs',
      { acr: ['gold'], maxAgeSeconds: 60 },
      BY_TOKEN,
      'ERR_POLICY_STEP_UP_REQUIRED',
      STEP_UP,
    ],
  ]
  for (const [name, changes, principal, code, challenge] of rows) {
    test(name, () => assert.deepEqual(refusalOf(changes, principal), { code, challenge }))
  }
})

test('a token that is refused is told the error, and one that cannot be checked none', () => {
  const invalid = refuseCredential('ERR_BEARER_INVALID', 'doorman')
  assert.equal(invalid.challenge, `${BEARER}, error="invalid_token"`)
  const malformed = refuseCredential('ERR_BEARER_MALFORMED', 'doorman')
  assert.equal(malformed.challenge, `${BEARER}, error="invalid_request"`)
  assert.equal(refuseCredential('ERR_BEARER_UNAVAILABLE', 'doorman').challenge, null)
})
