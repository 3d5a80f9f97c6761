// Takes the realm's answer to an attempt. In this order: attempt, state, issuer, claim, code, ID token; a code is sent
// once, because Keycloak takes back the tokens of a code that it sees twice.
import { buildErrorReply } from '../http/pages.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { FRONT_PAGE } from '../http/return-to.ts'
import { type ErrorCode, isGatewayError } from '../kernel/errors.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import type { KeptAddress } from '../session/device.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { PersonClaims, Session } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import {
  type AuthorizationResponse,
  isIssuedBy,
  parseAuthorizationResponse,
  type RealmError,
} from './authorization-response.ts'
import { attemptClaimName, findLoginAttempt, type LoginAttempt } from './login-attempt.ts'
import { isLoginLoop } from './login-loop.ts'
import { leave, refuse, restart, tellRefused } from './login-refusal.ts'
import { isSilent } from './login-wish.ts'
import type { SessionsPerUser } from './sessions-per-user.ts'
import { type LoginOptions, requireDocument } from './start-login.ts'

const POLL_SECONDS = 0.1
/** A claim outlives its attempt, so that no clock lets a code be taken twice. */
const CLAIM_SURPLUS_SECONDS = 60

export interface FinishLoginOptions extends LoginOptions {
  readonly store: Pick<SessionStore, 'claim' | 'settleClaim'>
  /** Ends what the session's person has opened at second realms. Never rejects. */
  readonly endSecondLogins: (session: Session) => Promise<unknown>
  readonly keptAddress: KeptAddress
  /** Null for any number. */
  readonly maxPerUser: SessionsPerUser | null
  /** The tenants that claims name; null where there are none at all. */
  readonly tenantsOf: ((claims: PersonClaims) => readonly string[]) | null
  readonly wait: (seconds: number) => Promise<void>
  /** How long the second of two answers to one attempt waits for the first. */
  readonly waitSeconds: number
}

/** Failures after which the same wish may simply be sent again: the code was lost, or its answer was. */
const LOST_CODE: readonly ErrorCode[] = ['ERR_LOGIN_CODE_REJECTED', 'ERR_REALM_UNREACHABLE', 'ERR_REALM_TIMEOUT']

/** Failures of the login itself, which a page explains. */
const FAILED_LOGIN: readonly ErrorCode[] = ['ERR_ID_TOKEN_INVALID', 'ERR_LOGIN_ACR_INSUFFICIENT']

/** What `prompt=none` is answered when the realm would have had to ask something. */
const SILENT_REFUSALS: readonly RealmError[] = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

export type CodeResponse = AuthorizationResponse & { readonly kind: 'code' }

/** What is particular to one kind of login. `own` is what this browser's cookie names. */
export interface LoginKind {
  readonly lookUp: (attempt: LoginAttempt | undefined) => Promise<SessionLookup>
  /** Where the code is of no use any more. Null to go on. */
  readonly forestall: (attempt: LoginAttempt, own: SessionLookup) => Reply | Promise<Reply> | null
  /** What the realm's refusal means here; null for the usual answer. */
  readonly answerRefusal: (attempt: LoginAttempt, error: RealmError, own: SessionLookup) => Promise<Reply> | null
  /** What becomes of a login the realm has confirmed. Reached once for each attempt. */
  readonly settle: (
    attempt: LoginAttempt,
    response: CodeResponse,
    redeemed: Redeemed,
    own: SessionLookup,
  ) => Promise<Reply>
}

/** Every check of an authorization response, in its order. */
export async function finishAttempt(
  request: GatewayRequest,
  options: FinishLoginOptions,
  kind: LoginKind,
): Promise<Reply> {
  requireDocument(request)
  const response = parseAuthorizationResponse(request.search)
  const attempt = response.state === null ? undefined : findLoginAttempt(request, response.state, options)
  const own = await kind.lookUp(attempt)
  if (attempt === undefined) return answerUnknownAttempt(request, own, options)
  if (options.sessions.now() >= attempt.createdAt + options.attemptSeconds) {
    return refuse(request, attempt, 'ERR_LOGIN_ATTEMPT_EXPIRED', 'expired', options)
  }
  if (
    attempt.realm !== options.realm.realm ||
    attempt.issuer !== options.realm.issuer ||
    !isIssuedBy(response, attempt.issuer, await options.realm.announcesIssuer())
  ) {
    return refuse(request, attempt, 'ERR_LOGIN_ISSUER_MISMATCH', 'issuer', options)
  }
  if (response.kind === 'error') return answerRealmError(request, attempt, response.error, own, options, kind)
  const forestalled = kind.forestall(attempt, own)
  if (forestalled !== null) return forestalled
  if (isLoginLoop(request, own.kind === 'active', options.cookies)) {
    return refuse(request, attempt, 'ERR_LOGIN_LOOP', 'sessions do not hold', options)
  }
  return redeemOnce(request, attempt, response, own, options, kind)
}

/** An old tab, the back button, or somebody else's answer: whoever is logged in goes to the application. */
function answerUnknownAttempt(request: GatewayRequest, own: SessionLookup, options: FinishLoginOptions): Reply {
  if (own.kind === 'active') return buildRedirect(FRONT_PAGE)
  const code = 'ERR_LOGIN_ATTEMPT_MISSING'
  tellRefused(request, code, 'no attempt', options)
  return buildErrorReply(request, code, { requestId: request.id, loginUrl: options.loginPath })
}

async function answerRealmError(
  request: GatewayRequest,
  attempt: LoginAttempt,
  error: RealmError,
  own: SessionLookup,
  options: FinishLoginOptions,
  kind: LoginKind,
): Promise<Reply> {
  // Keycloak says this (`authentication_expired`) when a page of its own was sent twice or too late.
  if (error === 'temporarily_unavailable') return restart(request, attempt, error, options)
  const answered = kind.answerRefusal(attempt, error, own)
  if (answered !== null) return answered
  if (isSilent(attempt) && SILENT_REFUSALS.includes(error)) {
    return leave(attempt, options)
  }
  return refuse(request, attempt, 'ERR_LOGIN_REFUSED', error, options)
}

async function redeemOnce(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  own: SessionLookup,
  options: FinishLoginOptions,
  kind: LoginKind,
): Promise<Reply> {
  const name = attemptClaimName(attempt)
  const claim = await options.store.claim(name, claimEndsAt(attempt, options))
  if (claim !== 'claimed') {
    if (claim === 'pending') await waitForOther(attempt, options)
    else tellRefused(request, 'ERR_LOGIN_ATTEMPT_REPLAYED', 'repeated answer', options)
    return leave(attempt, options)
  }
  try {
    const redeemed = await redeem(attempt, response.code, options)
    return await kind.settle(attempt, response, redeemed, own)
  } catch (error) {
    return await answerFailedCode(request, attempt, error, options)
  } finally {
    // Only those who wait need it, and they give up by themselves.
    await options.store.settleClaim(name).catch(() => undefined)
  }
}

function claimEndsAt(attempt: LoginAttempt, options: FinishLoginOptions): number {
  return attempt.createdAt + options.attemptSeconds + CLAIM_SURPLUS_SECONDS
}

/** The first of two answers redeems, on whichever replica; the second only waits until the session is there. */
async function waitForOther(attempt: LoginAttempt, options: FinishLoginOptions): Promise<void> {
  const name = attemptClaimName(attempt)
  for (let waited = 0; waited < options.waitSeconds; waited += POLL_SECONDS) {
    await options.wait(POLL_SECONDS)
    if ((await options.store.claim(name, claimEndsAt(attempt, options))) !== 'pending') return
  }
}

function redeem(attempt: LoginAttempt, code: string, options: FinishLoginOptions): Promise<Redeemed> {
  const { codeVerifier, nonce, parameters } = attempt
  return options.realm.redeemCode({
    code,
    redirectUri: options.redirectUri,
    codeVerifier,
    nonce,
    maxAgeSeconds: maxAgeOf(attempt, options.sessions.now()),
    acrValues: parameters.acr_values?.split(' ') ?? [],
  })
}

/** How long ago the person may have entered credentials; null for any time. */
function maxAgeOf({ parameters, reauthenticates, createdAt }: LoginAttempt, now: EpochSeconds): number | null {
  const ages = [
    ...(parameters.max_age === undefined ? [] : [Number(parameters.max_age)]),
    ...(reauthenticates ? [Math.max(0, now - Math.floor(createdAt))] : []),
  ]
  return ages.length === 0 ? null : Math.min(...ages)
}

async function answerFailedCode(
  request: GatewayRequest,
  attempt: LoginAttempt,
  error: unknown,
  options: FinishLoginOptions,
): Promise<Reply> {
  if (!isGatewayError(error)) throw error
  const { code, detail, cause } = error
  if (!LOST_CODE.includes(code) && !FAILED_LOGIN.includes(code)) {
    tellRefused(request, code, code, options)
    // The realm knows of that end by now, and asks who it is.
    if (code === 'ERR_SESSION_REVOKED')
      return isSilent(attempt) ? leave(attempt, options) : restart(request, attempt, code, options)
    throw error
  }
  options.events.emit({ kind: 'request.failed', requestId: request.id, code, detail, cause })
  if (LOST_CODE.includes(code)) return restart(request, attempt, code, options)
  return refuse(request, attempt, code, String(detail.reason ?? code), options)
}
