// `/auth/token/…`: second realms' tokens, for services and, where the configuration says so, for people's own pages; and
// what one service needs to call another.

import { type CreateServe, createCallerEndpoints } from './caller-endpoints.ts'
import type { GatewayConfig, ServiceAuth } from './config/gateway-config.ts'
import { readPublicKey } from './config/key-text.ts'
import type { Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { giveTokenToPage, type PageTokenOptions } from './issuer/page-token.ts'
import { createServiceAuth, type KnownService, type ServiceProof } from './issuer/service-auth.ts'
import { serveToken } from './issuer/token-endpoint.ts'
import type { Events } from './kernel/events.ts'
import type { CreateLimiter, Limiter } from './limiters.ts'
import type { LoginDoors } from './login-doors.ts'
import { understandOld } from './old-paths.ts'
import type { Door } from './own-endpoints.ts'
import { realmSuffix } from './realms.ts'
import type { Endpoint } from './routes.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { SessionStore } from './session/session-store.ts'
import type { Credentials } from './tokens/credential.ts'
import { ownerOf } from './tokens/obtained.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

/** Of one address: services ask once for a token and keep it; whoever asks more often is guessing. */
const LIMIT = { requests: 600, windowSeconds: 60, burst: 0, by: 'ip', isShared: false } as const

export interface TokenEndpointParts {
  readonly config: GatewayConfig
  readonly doors: LoginDoors<Door>
  readonly signingKeys: SigningKeys
  readonly sessions: SessionLifecycle
  readonly credentials: Credentials
  readonly store: SessionStore
  readonly events: Events
  readonly createLimiter: CreateLimiter
}

type Entry = readonly [path: string, endpoint: Endpoint]

/** By path. */
export function createTokenEndpoints(parts: TokenEndpointParts): readonly Entry[] {
  const authenticate = createServiceAuth({
    services: knownServices(parts.config),
    publicUrl: parts.config.publicUrl,
    store: parts.store,
    now: parts.sessions.now,
  })
  const createServe: CreateServe = (asking) => {
    const { config, doors, signingKeys, sessions, credentials, events } = parts
    const subjectTokens = { keys: signingKeys, issuer: config.publicUrl, now: sessions.now }
    const { cookies } = doors.byRealm(config.loginRealm)
    const options = { ...asking, authenticate, subjectTokens, sessions, credentials, cookies, events }
    return (request, readForm) => serveToken(request, readForm, options)
  }
  return [...createRealmEndpoints(createServe, parts), ...createCallerEndpoints(createServe, parts)]
}

function createRealmEndpoints(createServe: CreateServe, parts: TokenEndpointParts): readonly Entry[] {
  const { config } = parts
  const realms = Object.entries(config.realms).filter(
    ([, { obtain, services, dangerouslyGiveToBrowser }]) =>
      obtain !== null && (services.length > 0 || dangerouslyGiveToBrowser),
  )
  if (realms.length === 0) return []
  const limiter = parts.createLimiter(LIMIT, 'token')
  const own = realms.map(([realm, settings]): Entry => {
    const serve = createServe({
      wanted: { kind: 'realm', realm },
      callers: settings.services,
      obtain: (live) => parts.credentials.obtainSecondRealmToken(realm, ownerOf(live)),
    })
    const give = createGive(realm, 'our-header', parts)
    const methods = [
      ...(settings.services.length > 0 ? ['POST'] : []),
      ...(settings.dangerouslyGiveToBrowser ? ['GET'] : []),
    ]
    const answer: Endpoint['answer'] = (request, readForm) =>
      request.method === 'POST' ? serve(request, readForm) : give(request)
    return [`${config.endpoints.token}/${realm}`, buildEndpoint(methods, limiter, answer)]
  })
  const further = config.aliases.flatMap(({ path, target }): readonly Entry[] => {
    if (target.kind !== 'token') return []
    const endpoint = buildEndpoint(['GET'], limiter, createGive(target.realm, 'fetch-destination', parts))
    return [[path, understandOld(endpoint, target)]]
  })
  return [...own, ...further]
}

/** Services are no browsers, and pages prove more than their origin: each way of asking has a guard of its own. */
function buildEndpoint(methods: readonly string[], limiter: Limiter, answer: Endpoint['answer']): Endpoint {
  return { name: 'token', methods, guardsForgery: false, limiter, countsInLimit: true, answer }
}

function createGive(
  realm: string,
  provedBy: PageTokenOptions['provedBy'],
  parts: TokenEndpointParts,
): (request: GatewayRequest) => Promise<Reply> {
  const { config, doors, credentials, events } = parts
  const secondLoginUrl = config.publicUrl + config.endpoints.login + realmSuffix(realm, config)
  return (request) => {
    const { sessions, cookies, loginUrl } = doors.ofRequest(request)
    const ownOrigin = config.publicUrl
    return giveTokenToPage(request, {
      realm,
      ownOrigin,
      provedBy,
      sessions,
      cookies,
      credentials,
      loginUrl,
      secondLoginUrl,
      events,
    })
  }
}

function knownServices({ services, routes }: GatewayConfig): ReadonlyMap<string, KnownService> {
  return new Map(
    Object.entries(services).flatMap(([name, { auth, credential }]) => {
      if (auth === null) return []
      const own = routes.filter(({ service }) => service === name).map((route) => route.credential)
      const audiences = [credential, ...own].flatMap((sent) => (sent.kind === 'internal' ? [sent.audience] : []))
      return [[name, { name, proof: proofOf(auth), audiences: [...new Set(audiences)] }] as const]
    }),
  )
}

function proofOf(auth: ServiceAuth): ServiceProof {
  if (auth.kind === 'secret') return auth
  const key = readPublicKey(auth.publicKey)
  if (key === undefined) throw new TypeError('the configuration was not checked: no public key')
  return { kind: 'publicKey', key, algorithm: auth.algorithm }
}
