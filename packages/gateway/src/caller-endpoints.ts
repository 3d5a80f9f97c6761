// `/auth/token/services/{service}`: what a service is called with, for other services that call it themselves on behalf of
// the person they were called for.

import type { GatewayConfig } from './config/gateway-config.ts'
import type { TokenEndpointOptions } from './issuer/token-endpoint.ts'
import type { CreateLimiter, Limiter } from './limiters.ts'
import type { LoginDoor, LoginDoors } from './login-doors.ts'
import { sessionPrincipal } from './policy/principal.ts'
import { tenantsOf } from './policy/tenant.ts'
import type { Endpoint } from './routes.ts'
import type { Credentials } from './tokens/credential.ts'
import type { Credential } from './tokens/obtained.ts'
import { refused } from './tokens/refusals.ts'
import { beneficiaryOf } from './upstream/beneficiary.ts'

/** Answers who asks for one token. */
export type CreateServe = (asking: Pick<TokenEndpointOptions, 'wanted' | 'callers' | 'obtain'>) => Endpoint['answer']

export interface CallerEndpointParts {
  readonly config: GatewayConfig
  readonly doors: LoginDoors<LoginDoor>
  readonly credentials: Pick<Credentials, 'obtainToken'>
  readonly createLimiter: CreateLimiter
}

/** Of one address: the server of an application asks for all its people, about each of them once in half a minute. */
const LIMIT = { requests: 30_000, windowSeconds: 60, burst: 0, by: 'ip', isShared: false } as const

type Entry = readonly [path: string, endpoint: Endpoint]

/** By path. No realm has a name with a slash in it, so that none of them stands in the way. */
export function createCallerEndpoints(createServe: CreateServe, parts: CallerEndpointParts): readonly Entry[] {
  const { services, endpoints } = parts.config
  const called = Object.entries(services).filter(([, { callers }]) => callers.length > 0)
  if (called.length === 0) return []
  const limiter = parts.createLimiter(LIMIT, 'service-token')
  return called.map(([service, { callers, credential }]): Entry => {
    const obtain = createObtain(credential, parts)
    const answer = createServe({ wanted: { kind: 'service', service }, callers, obtain })
    return [`${endpoints.token}/services/${service}`, buildEndpoint(limiter, answer)]
  })
}

/** Not counted with people's requests: they would use up what one address may ask for. */
function buildEndpoint(limiter: Limiter, answer: Endpoint['answer']): Endpoint {
  return { name: 'service-token', methods: ['POST'], guardsForgery: false, limiter, countsInLimit: false, answer }
}

function createObtain(
  credential: Credential,
  { config, doors, credentials }: CallerEndpointParts,
): TokenEndpointOptions['obtain'] {
  return (live, tenant) => {
    const door = doors.all.find(({ realm }) => realm === live.session.realm)
    if (door === undefined) return refused('ERR_SESSION_REQUIRED', 'nobody logs in to the realm of the session')
    const principal = sessionPrincipal(live, door.clientId)
    const tenants = config.tenant === null ? [] : tenantsOf(principal.claim(config.tenant.claim))
    if (tenant !== null && !tenants.includes(tenant)) {
      return refused('ERR_TENANT_FORBIDDEN', 'the tenant of the internal token is no longer theirs')
    }
    return credentials.obtainToken(credential, beneficiaryOf(principal), tenant)
  }
}
