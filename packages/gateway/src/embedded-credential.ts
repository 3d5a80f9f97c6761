// What a service is sent on behalf of a person, for the application's own code to send: as on a route, without a request
// on its way.
import { randomUUID } from 'node:crypto'
import { retryOf } from './answers.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { buildProblem, type ProblemExtras, type Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { ERRORS, type ErrorCode, isGatewayError } from './kernel/errors.ts'
import type { Events } from './kernel/events.ts'
import type { Parts } from './parts.ts'
import { type SessionPrincipal, sessionPrincipal } from './policy/principal.ts'
import { decideTenant, TENANT_REFUSALS, type TenantDecision } from './policy/tenant.ts'
import { realmSuffix } from './realms.ts'
import { lookUpSession } from './session/find-session.ts'
import type { Credential, Obtained } from './tokens/obtained.ts'
import { beneficiaryOf } from './upstream/beneficiary.ts'

export interface CredentialParts extends Pick<Parts, 'doors' | 'credentials'> {
  readonly config: GatewayConfig
  readonly events: Events
}

export type ObtainedCredential =
  | { readonly kind: 'obtained'; readonly authorization: string | null }
  | { readonly kind: 'refused'; readonly reply: Reply }

type HeaderedRequest = Pick<GatewayRequest, 'headers'>
type Refusal = {
  readonly kind: 'refused'
  readonly code: ErrorCode
  readonly because: string
  readonly extras: Omit<ProblemExtras, 'requestId'>
  readonly cause?: unknown
}
type Found = { readonly kind: 'found'; readonly principal: SessionPrincipal } | Refusal

/** Rejects with a `TypeError` for a service that is not configured. */
export async function obtainCredential(
  headers: HeaderedRequest,
  service: string,
  parts: CredentialParts,
): Promise<ObtainedCredential> {
  const { credential } = parts.config.services[service] ?? {}
  if (credential === undefined) throw new TypeError(`services has no ${service}: add it to the configuration`)
  const obtained = await obtain(headers, credential, parts).catch(refuseError)
  if (obtained.kind === 'obtained') return obtained
  const { code, because, extras, cause } = obtained
  const requestId = randomUUID()
  parts.events.emit({ kind: 'request.failed', requestId, code, detail: { because, service }, cause })
  return { kind: 'refused', reply: buildProblem(code, { requestId, ...extras }) }
}

async function obtain(headers: HeaderedRequest, credential: Credential, parts: CredentialParts) {
  if (credential.kind === 'none') return { kind: 'obtained', authorization: null } as const
  const found = await findPerson(headers, parts)
  if (found.kind === 'refused') return found
  const { principal } = found
  const tenancy = tenantOf(headers, principal, parts)
  if (tenancy.kind === 'ambiguous' || tenancy.kind === 'forbidden') return refuseTenant(tenancy)
  const tenant = tenancy.kind === 'decided' ? tenancy.tenant : null
  const obtained = await parts.credentials.obtain(credential, beneficiaryOf(principal), tenant)
  if (obtained.kind !== 'obtained') return refuseObtained(obtained, headers, parts)
  // A realm can take seconds to answer: whoever has logged out meanwhile is not spoken for any more.
  const lookup = await lookUpSession(headers, parts.doors.ofRequest(headers))
  return lookup.kind === 'active' ? obtained : toLogin('ERR_SESSION_REQUIRED', 'ended meanwhile', headers, parts)
}

async function findPerson(headers: HeaderedRequest, parts: CredentialParts): Promise<Found> {
  const door = parts.doors.ofRequest(headers)
  const lookup = await lookUpSession(headers, door)
  if (lookup.kind === 'none') return toLogin('ERR_SESSION_REQUIRED', lookup.because, headers, parts)
  if (lookup.kind === 'lost') return toLogin('ERR_SESSION_LOST', 'its tokens are lost', headers, parts)
  door.sessions.use(lookup.live)
  const freshness = await parts.credentials.freshen(lookup.live)
  if (freshness.kind === 'fresh') {
    return { kind: 'found', principal: sessionPrincipal(freshness.live, door.clientId) }
  }
  const { code, retryAfterSeconds } = freshness
  if (ERRORS[code].retry === 'login') return toLogin(code, 'the realm refused its tokens', headers, parts)
  return refuse(code, 'no fresh tokens', { retryAfterSeconds })
}

/** No route names a segment of a path here: with `tenant.pathSegment` nobody has chosen. */
function tenantOf(
  { headers }: HeaderedRequest,
  principal: SessionPrincipal,
  { config }: CredentialParts,
): TenantDecision {
  return decideTenant({ rules: config.tenant, isRequired: false, principal, header: headers['x-tenant'], path: '/' })
}

function refuseTenant(tenancy: Extract<TenantDecision, { readonly kind: 'ambiguous' | 'forbidden' }>): Refusal {
  const extras = tenancy.kind === 'ambiguous' ? { tenants: tenancy.tenants } : {}
  return refuse(TENANT_REFUSALS[tenancy.kind], 'names no tenant of theirs', extras)
}

function refuseObtained(
  obtained: Exclude<Obtained, { readonly kind: 'obtained' }>,
  headers: HeaderedRequest,
  parts: CredentialParts,
): Refusal {
  if (obtained.kind === 'second-login') {
    const { publicUrl, endpoints } = parts.config
    const loginUrl = publicUrl + endpoints.login + realmSuffix(obtained.realm, parts.config)
    return refuse('ERR_SECOND_LOGIN_REQUIRED', `no login at ${obtained.realm}`, { loginUrl })
  }
  const { code, because, retryAfterSeconds } = obtained
  if (ERRORS[code].retry === 'login') return toLogin(code, because, headers, parts)
  return refuse(code, because, retryAfterSeconds === 0 ? {} : { retryAfterSeconds })
}

function toLogin(code: ErrorCode, because: string, headers: HeaderedRequest, { doors }: CredentialParts): Refusal {
  return refuse(code, because, { loginUrl: doors.ofRequest(headers).loginUrl })
}

function refuse(code: ErrorCode, because: string, extras: Refusal['extras']): Refusal {
  return { kind: 'refused', code, because, extras }
}

/** Of the store, mostly; anything else is a fault of ours, and told without its text. */
function refuseError(error: unknown): Refusal {
  const code = isGatewayError(error) ? error.code : 'ERR_INTERNAL'
  return { ...refuse(code, 'failed', retryOf(code)), cause: error }
}
