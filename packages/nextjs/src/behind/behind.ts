// Behind a gateway: who is calling is told by the internal token it sends, which is verified here with its public keys.
import { BearerError, createGuard, type Guard } from '@doorman/resource-server'
import { doormanError } from '../errors.ts'
import { type BehindOptions, type BehindSettings, readBehindOptions } from '../options.ts'
import type { Position, TokenAnswer } from '../position.ts'
import { buildProblem } from '../problem.ts'
import { readServicePath } from '../service-path.ts'
import type { DoormanSession } from '../session.ts'
import { createAskForToken } from './ask-for-token.ts'
import { createCallGateway } from './call-gateway.ts'
import { sessionOf } from './caller-session.ts'
import { createForwardApi } from './forward-api.ts'
import { answerPastGateway } from './past-gateway.ts'
import { type AskForToken, createServiceTokens } from './service-tokens.ts'

const MAX_SERVICE_TOKENS = 1000
const KEYS_PATH = '/.well-known/jwks.json'

interface Parts {
  readonly settings: BehindSettings
  readonly guard: Guard
  /** Null without a secret. */
  readonly serviceTokens: AskForToken | null
}

export function createBehind(options: BehindOptions): Position {
  let parts: Parts | undefined
  const connect = () => (parts ??= connectParts(readBehindOptions(options)))
  const bearer = (headers: Headers) => headers.get('authorization') ?? undefined

  async function findSession(headers: Headers): Promise<DoormanSession | null> {
    const { guard } = connect()
    try {
      return sessionOf(await guard.authenticate(bearer(headers)))
    } catch (error) {
      if (!(error instanceof BearerError)) throw error
      if (error.status === 503) throw doormanError('temporarily_unavailable', error)
      return null
    }
  }

  async function obtainToken(headers: Headers, service: string): Promise<TokenAnswer> {
    const { serviceTokens } = connect()
    if (serviceTokens === null)
      throw new TypeError('createDoorman: secret is missing; it is services.NAME.auth.secret of this application')
    const subjectToken = bearer(headers)?.replace(/^bearer +/i, '')
    // Verified first: nobody makes this server ask the gateway about things that are no tokens.
    if (subjectToken === undefined || (await findSession(headers)) === null) {
      return { kind: 'refused', response: buildProblem('login_required', connect().settings.gateway) }
    }
    return serviceTokens(subjectToken, service)
  }

  return {
    publicUrl: async () => connect().settings.gateway,
    carriesSession: async (headers) => /^bearer ./i.test(bearer(headers) ?? ''),
    isForged: async () => false,
    findSession,
    obtainToken,
    async callService(headers, service, path, init) {
      const url = new URL(readServicePath(path), serviceUrl(connect().settings, service))
      const answer = await obtainToken(headers, service)
      if (answer.kind === 'refused') return answer.response
      const sent = new Headers(init.headers)
      if (answer.token !== null) sent.set('authorization', `Bearer ${answer.token}`)
      const tenant = (await findSession(headers))?.tenant ?? null
      if (tenant !== null) sent.set('x-tenant', tenant)
      return fetchUncached(url, { ...init, headers: sent }).catch(refuseUnreachable)
    },
    handle: async (request) => answerPastGateway(request, connect().settings.gateway),
    createApi: (api) =>
      createForwardApi(api, {
        findSession,
        obtainToken,
        origin: () => connect().settings.gateway,
        serviceUrl: () => serviceUrl(connect().settings, api.service),
      }),
  }
}

function connectParts(settings: BehindSettings): Parts {
  const { gateway, internalUrl, audience, secret } = settings
  const callGateway = createCallGateway(gateway, internalUrl)
  const guard = createGuard({
    gateway: { issuer: gateway, jwksUrl: internalUrl + KEYS_PATH },
    audience,
    fetch: () => callGateway(KEYS_PATH, { method: 'GET', headers: { accept: 'application/json' }, body: null }),
  })
  if (secret === null) return { settings, guard, serviceTokens: null }
  const ask = createAskForToken({ callGateway, gateway, audience, secret })
  const now = () => performance.now()
  return { settings, guard, serviceTokens: createServiceTokens(ask, { maxTokens: MAX_SERVICE_TOKENS, now }) }
}

function fetchUncached(url: URL, init: RequestInit): Promise<Response> {
  // Next's own member: `next.revalidate` would count more than `cache`.
  const { next: _, ...standard } = init as RequestInit & { readonly next?: unknown }
  return fetch(url, { ...standard, cache: 'no-store', redirect: 'manual' })
}

/** `fetch` names a cause where nothing could be had; everything else is the caller's own: `init`, or its signal. */
function refuseUnreachable(error: unknown): Response {
  if (error instanceof TypeError && error.cause !== undefined) return buildProblem('upstream_unreachable')
  throw error
}

function serviceUrl({ services }: BehindSettings, service: string): URL {
  const url = services.get(service)
  if (url === undefined) throw new TypeError(`createDoorman: services has no ${service}; add its origin`)
  return url
}
