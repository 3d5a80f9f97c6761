// A token for a service that acts for a person: one of a second realm, or what another service is called with. It proves
// which service it is, and presents the internal token it was called with. Not for browsers, and never a refresh token.
import { parseQuery, type Query, refuseOthers } from '../http/query.ts'
import type { ReadForm } from '../http/read-form.ts'
import type { Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { ObtainedToken } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { Credentials } from '../tokens/credential.ts'
import type { Holding } from '../tokens/obtained.ts'
import { type AuthenticateService, type KnownService, SERVICE_AUTH_FIELDS } from './service-auth.ts'
import { type SubjectTokenOptions, verifySubjectToken } from './subject-token.ts'
import { buildRefusal, buildTokenAnswer, refuseByCode, refuseToken, type TokenRefusal } from './token-answer.ts'

export type WantedToken =
  /** Of a second realm, by its local name. */
  | { readonly kind: 'realm'; readonly realm: string }
  /** With which this service is called. */
  | { readonly kind: 'service'; readonly service: string }

export interface TokenEndpointOptions {
  readonly wanted: WantedToken
  /** Names of the services that may ask for it. */
  readonly callers: readonly string[]
  /** `live` has tokens that may be used now; `tenant` is that of the internal token. */
  readonly obtain: (live: LiveSession, tenant: string | null) => Holding | Promise<Holding>
  readonly authenticate: AuthenticateService
  readonly subjectTokens: SubjectTokenOptions
  readonly sessions: Pick<SessionLifecycle, 'now' | 'findByHandle'>
  readonly credentials: Pick<Credentials, 'freshen'>
  readonly cookies: Pick<Cookies, 'isOurs'>
  readonly events: Pick<Events, 'emit'>
}

interface Token {
  readonly kind: 'token'
  readonly token: ObtainedToken
  readonly live: LiveSession
}

type Served = (Token & { readonly service: KnownService }) | (TokenRefusal & { readonly service: KnownService | null })

/** `POST` to `/auth/token/{realm}` or `/auth/token/services/{service}`. Refuses in the words of RFC 6749 section 5.2. */
export async function serveToken(
  request: GatewayRequest,
  readForm: ReadForm,
  options: TokenEndpointOptions,
): Promise<Reply> {
  const served = await serve(request, readForm, options)
  const { wanted, events } = options
  const requestId = request.id
  const service = served.service?.name ?? null
  const calledService = wanted.kind === 'service' ? wanted.service : null
  if (served.kind === 'refused') {
    const { error, because } = served
    const realm = wanted.kind === 'realm' ? wanted.realm : null
    events.emit({ kind: 'token.refused', requestId, realm, calledService, service, error, because })
    return buildRefusal(served)
  }
  const { subject, handle } = served.live.session
  const realm = wanted.kind === 'realm' ? wanted.realm : served.live.session.realm
  events.emit({ kind: 'token.served', requestId, realm, calledService, service, subject, session: handle })
  return buildTokenAnswer(served.token, options.sessions.now())
}

async function serve(request: GatewayRequest, readForm: ReadForm, options: TokenEndpointOptions): Promise<Served> {
  let service: KnownService | null = null
  try {
    const browser = findBrowser(request, options)
    if (browser !== null) return { ...refuseToken(403, 'access_denied', browser), service }
    refuseOthers(parseQuery(request.search), [])
    const form = await readForm()
    refuseOthers(form, ['subject_token', ...SERVICE_AUTH_FIELDS])
    const verdict = await options.authenticate(request, form)
    if (verdict.kind === 'refused') {
      const { error, because } = verdict
      return { ...refuseToken(error === 'invalid_client' ? 401 : 400, error, because), service }
    }
    service = verdict.service
    return { ...(await serveService(service, form, options)), service }
  } catch (error) {
    if (!isGatewayError(error)) throw error
    return { ...refuseByCode(error.code, error.code, 0), service }
  }
}

/** What a service never sends: such a request was made by a page, or with a person's cookie jar. */
function findBrowser({ headers }: GatewayRequest, { cookies }: TokenEndpointOptions): string | null {
  if (headers.origin !== undefined) return 'sent with Origin'
  if (Object.keys(headers).some(isFetchMetadata)) return 'sent with Fetch Metadata'
  const pairs = [headers.cookie ?? []].flat().join(';').split(';')
  const names = pairs.map((pair) => pair.split('=', 1)[0]?.trim() ?? '')
  return names.some(cookies.isOurs) ? 'sent with a cookie of ours' : null
}

/** The `fetch` of Node sends `Sec-Fetch-Mode` too; a browser never sends it without `Sec-Fetch-Site`. */
function isFetchMetadata(name: string): boolean {
  return name.startsWith('sec-fetch-') && name !== 'sec-fetch-mode'
}

async function serveService(
  service: KnownService,
  form: Query,
  options: TokenEndpointOptions,
): Promise<Token | TokenRefusal> {
  if (!options.callers.includes(service.name)) {
    const { wanted } = options
    const list = wanted.kind === 'realm' ? `realms.${wanted.realm}.services` : `services.${wanted.service}.callers`
    return refuseToken(403, 'unauthorized_client', `not in ${list}`)
  }
  const subjectToken = form.get('subject_token')
  if (subjectToken === undefined) return refuseToken(400, 'invalid_request', 'no subject_token')
  const found = await findPerson(subjectToken, service, options)
  if (found.kind === 'refused') return found
  const freshness = await options.credentials.freshen(found.live)
  if (freshness.kind === 'refused') return refuseByCode(freshness.code, freshness.code, freshness.retryAfterSeconds)
  const obtained = await obtain(freshness.live, found.tenant, options)
  // A realm can take seconds to answer: whoever has logged out meanwhile is not spoken for any more.
  const { kind } = await options.sessions.findByHandle(freshness.live.session.handle)
  return kind === 'active' ? obtained : refuseToken(400, 'invalid_grant', 'the session ended meanwhile')
}

async function findPerson(
  subjectToken: string,
  service: KnownService,
  { subjectTokens, sessions }: TokenEndpointOptions,
): Promise<{ readonly kind: 'person'; readonly live: LiveSession; readonly tenant: string | null } | TokenRefusal> {
  const verdict = await verifySubjectToken(subjectToken, service.audiences, subjectTokens)
  if (verdict.kind === 'invalid') return refuseToken(400, 'invalid_grant', `subject_token: ${verdict.because}`)
  const lookup = await sessions.findByHandle(verdict.handle)
  if (lookup.kind === 'none') return refuseToken(400, 'invalid_grant', `no session: ${lookup.because}`)
  if (lookup.kind === 'lost') return refuseToken(400, 'invalid_grant', "the session's tokens are lost")
  if (lookup.live.session.subject !== verdict.subject) {
    return refuseToken(400, 'invalid_grant', 'the session is of somebody else')
  }
  return { kind: 'person', live: lookup.live, tenant: verdict.tenant }
}

async function obtain(
  live: LiveSession,
  tenant: string | null,
  options: TokenEndpointOptions,
): Promise<Token | TokenRefusal> {
  const holding = await options.obtain(live, tenant)
  switch (holding.kind) {
    case 'token':
      return { kind: 'token', token: holding.token, live }
    case 'second-login':
      return refuseToken(403, 'interaction_required', 'the person has not logged in there')
    case 'refused':
      return refuseByCode(holding.code, holding.because, holding.retryAfterSeconds)
  }
}
