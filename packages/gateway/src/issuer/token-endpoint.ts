// A second realm's token for a service that acts for a person: it proves which service it is, and presents the internal
// token it was called with. Not for browsers, and never a refresh token.
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
import { ownerOf } from '../tokens/obtained.ts'
import { type AuthenticateService, type KnownService, SERVICE_AUTH_FIELDS } from './service-auth.ts'
import { type SubjectTokenOptions, verifySubjectToken } from './subject-token.ts'
import { buildRefusal, buildTokenAnswer, refuseByCode, refuseToken, type TokenRefusal } from './token-answer.ts'

export interface TokenEndpointOptions {
  /** The local name of the second realm. */
  readonly realm: string
  /** Names of those who may ask for its tokens. */
  readonly services: readonly string[]
  readonly authenticate: AuthenticateService
  readonly subjectTokens: SubjectTokenOptions
  readonly sessions: Pick<SessionLifecycle, 'now' | 'findByHandle'>
  readonly credentials: Pick<Credentials, 'freshen' | 'obtainSecondRealmToken'>
  readonly cookies: Pick<Cookies, 'isOurs'>
  readonly events: Pick<Events, 'emit'>
}

type Served =
  | {
      readonly kind: 'token'
      readonly token: ObtainedToken
      readonly service: KnownService
      readonly live: LiveSession
    }
  | (TokenRefusal & { readonly service: KnownService | null })

/** `POST /auth/token/{realm}`. Refuses in the words of RFC 6749 section 5.2. */
export async function serveToken(
  request: GatewayRequest,
  readForm: ReadForm,
  options: TokenEndpointOptions,
): Promise<Reply> {
  const served = await serve(request, readForm, options)
  const { realm, events } = options
  const requestId = request.id
  const service = served.service?.name ?? null
  if (served.kind === 'refused') {
    const { error, because } = served
    events.emit({ kind: 'token.refused', requestId, realm, service, error, because })
    return buildRefusal(served)
  }
  const { subject, handle } = served.live.session
  events.emit({ kind: 'token.served', requestId, realm, service, subject, session: handle })
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
): Promise<{ readonly kind: 'token'; readonly token: ObtainedToken; readonly live: LiveSession } | TokenRefusal> {
  if (!options.services.includes(service.name)) {
    return refuseToken(403, 'unauthorized_client', `not in realms.${options.realm}.services`)
  }
  const subjectToken = form.get('subject_token')
  if (subjectToken === undefined) return refuseToken(400, 'invalid_request', 'no subject_token')
  const found = await findPerson(subjectToken, service, options)
  if (found.kind === 'refused') return found
  const freshness = await options.credentials.freshen(found.live)
  if (freshness.kind === 'refused') return refuseByCode(freshness.code, freshness.code, freshness.retryAfterSeconds)
  return obtain(freshness.live, options)
}

async function findPerson(
  subjectToken: string,
  service: KnownService,
  { subjectTokens, sessions }: TokenEndpointOptions,
): Promise<{ readonly kind: 'person'; readonly live: LiveSession } | TokenRefusal> {
  const verdict = await verifySubjectToken(subjectToken, service.audiences, subjectTokens)
  if (verdict.kind === 'invalid') return refuseToken(400, 'invalid_grant', `subject_token: ${verdict.because}`)
  const lookup = await sessions.findByHandle(verdict.handle)
  if (lookup.kind === 'none') return refuseToken(400, 'invalid_grant', `no session: ${lookup.because}`)
  if (lookup.kind === 'lost') return refuseToken(400, 'invalid_grant', "the session's tokens are lost")
  if (lookup.live.session.subject !== verdict.subject) {
    return refuseToken(400, 'invalid_grant', 'the session is of somebody else')
  }
  return { kind: 'person', live: lookup.live }
}

async function obtain(
  live: LiveSession,
  { credentials, realm }: TokenEndpointOptions,
): Promise<{ readonly kind: 'token'; readonly token: ObtainedToken; readonly live: LiveSession } | TokenRefusal> {
  const holding = await credentials.obtainSecondRealmToken(realm, ownerOf(live))
  switch (holding.kind) {
    case 'token':
      return { kind: 'token', token: holding.token, live }
    case 'second-login':
      return refuseToken(403, 'interaction_required', 'the person has not logged in there')
    case 'refused':
      return refuseByCode(holding.code, holding.because, holding.retryAfterSeconds)
  }
}
