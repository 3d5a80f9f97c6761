// What goes wrong on demand. Programmatic only: nothing that comes over HTTP can set a fault.
import { type Answer, jsonAnswer, oauthError } from './answer.ts'
import type { IdTokenFault } from './id-token.ts'

export type RealmEndpoint =
  | 'discovery'
  | 'auth'
  | 'login'
  | 'resume'
  | 'broker'
  | 'token'
  | 'certs'
  | 'logout'
  | 'userinfo'
  | 'introspect'
  | 'revoke'
  | 'info'
  | 'unknown'

/** `before` the request is processed, or `after`, when only its answer can still be lost. */
export type FaultMoment = 'before' | 'after'

export type Fault =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly moment: FaultMoment }
  /** `within`: when the request has been processed and half of its answer is on the way. */
  | { readonly kind: 'cut'; readonly moment: FaultMoment | 'within' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Until somebody lets it go on. */
  | { readonly kind: 'wait'; readonly moment: FaultMoment; readonly until: Promise<unknown> }

/** A request that a decider is asked about. */
export interface MetRequest {
  readonly form: URLSearchParams
  /** The caller's port. */
  readonly port: number
  /** Resolves when it has been answered, or its connection is gone. */
  readonly over: Promise<unknown>
}

/** The faults a request meets, one after the other at their moments. */
export type DecideFaults = (request: MetRequest) => readonly Fault[]

/** What the next authorization response does wrong, or which error it is. */
export type AuthorizationFault =
  | 'omit-iss'
  | 'wrong-iss'
  | 'wrong-state'
  | 'authentication-expired'
  | 'access-denied'
  | 'server-error'

/** A closed gate in front of an endpoint. */
export interface Hold {
  /** How many requests stand before it. */
  waiting(): number
  /** Resolves when so many requests have come to the gate (default 1). */
  arrived(count?: number): Promise<void>
  /** Opens the gate for good. */
  release(): void
}

export interface Faults {
  /** Meets the next request of this endpoint; several wait in a queue. */
  once(endpoint: RealmEndpoint, fault: Fault): void
  /** Meets all requests of this endpoint until the returned function is called. */
  every(endpoint: RealmEndpoint, fault: Fault): () => void
  /** Asked about all requests of this endpoint that no other fault meets, until the returned function is called. */
  decide(endpoint: RealmEndpoint, decider: DecideFaults): () => void
  /** All requests of this endpoint wait until the gate opens. Default moment: `before`. */
  hold(endpoint: RealmEndpoint, moment?: FaultMoment): Hold
  /** The same as `hold('token')`. */
  holdToken(): Hold
  /** Meets the next authorization response. */
  authorization(fault: AuthorizationFault): void
  /** Meets the next ID token. */
  idToken(fault: IdTokenFault): void
  /** Members of the next token response to set, or to leave out (undefined). */
  tokenResponse(changes: Readonly<Record<string, unknown>>): void
  /** `expires_in` of token responses whatever `exp` says; null: the truth. */
  expiresIn: number | null
  /** `acr` of tokens whatever was asked for and done; null: the truth. */
  acr: string | null
  /** Forgets all faults and opens all gates. */
  clear(): void
}

/** The side of the faults that the endpoints see. */
export interface FaultPlan extends Faults {
  takeFaults(endpoint: RealmEndpoint, request: MetRequest): readonly Fault[]
  passGate(endpoint: RealmEndpoint, moment: FaultMoment): Promise<void>
  takeAuthorizationFault(...wanted: readonly AuthorizationFault[]): AuthorizationFault | undefined
  takeIdTokenFault(): IdTokenFault | undefined
  takeTokenResponseChanges(): Readonly<Record<string, unknown>>
}

function textAnswer(status: number, contentType: string, body: string, headers: Answer['headers'] = {}): Answer {
  return { status, headers: { 'content-type': contentType, ...headers }, body }
}

function instead(answer: Answer, moment: FaultMoment = 'before'): Fault {
  return { kind: 'answer', answer, moment }
}

const SERVER_ERROR = oauthError(500, 'unknown_error', 'For more on this error consult the server log.')

/** Faults by name. `…After` ones come when the request has been processed. */
export const FAULTS = {
  serverError: instead(SERVER_ERROR),
  serverErrorAfter: instead(SERVER_ERROR, 'after'),
  badGateway: instead(textAnswer(502, 'text/html', '<html><body><h1>502 Bad Gateway</h1></body></html>')),
  /** A Keycloak that is still booting: plain text, and a `Retry-After` that means nothing. */
  booting: instead(
    textAnswer(503, 'text/plain', 'Bootstrap in progress. Retry in 31 seconds.', { 'retry-after': '31' }),
  ),
  html: instead(textAnswer(200, 'text/html', '<!doctype html><title>Welcome</title>')),
  brokenJson: instead(textAnswer(200, 'application/json', '{"access_token":"')),
  emptyObject: instead(jsonAnswer(200, {})),
  invalidClient: instead(oauthError(401, 'invalid_client', 'Invalid client or Invalid client credentials')),
  unauthorizedClient: instead(oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials')),
  invalidGrant: instead(oauthError(400, 'invalid_grant', 'Session not active')),
  realmDisabled: instead(oauthError(403, 'access_denied', 'Realm not enabled')),
  realmMissing: instead(jsonAnswer(404, { error: 'Realm does not exist' })),
  tooManyRequests: instead(textAnswer(429, 'text/plain', 'Too many requests', { 'retry-after': '5' })),
  cutBefore: { kind: 'cut', moment: 'before' },
  cutAfter: { kind: 'cut', moment: 'after' },
  cutWithin: { kind: 'cut', moment: 'within' },
} as const satisfies Readonly<Record<string, Fault>>
