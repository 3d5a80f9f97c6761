// The gateway's own endpoints, as one table. Each takes a request as data and returns a reply as data.
import { answerSessions, type MySessionsOptions } from './account/my-sessions.ts'
import { type RefreshOptions, refreshByGet, refreshSession } from './account/refresh-session.ts'
import type { TabEvents } from './account/tab-events.ts'
import { describeUser, type UserOptions } from './account/user.ts'
import type { EndpointPaths, GatewayConfig } from './config/gateway-config.ts'
import type { EventStreamReply } from './http/event-stream.ts'
import type { ReadForm } from './http/read-form.ts'
import type { Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { parseReturnTo } from './http/return-to.ts'
import { answerKeySet } from './issuer/key-set.ts'
import { answerIssuerMetadata, type IssuerMetadataOptions } from './issuer/metadata.ts'
import type { Limiter } from './limiters.ts'
import type { FinishLoginOptions } from './login/finish-attempt.ts'
import { finishLogin } from './login/finish-login.ts'
import { finishSecondLogin, type SecondLoginOptions, startSecondLogin } from './login/second-login.ts'
import { startLogin } from './login/start-login.ts'
import type { LoginDoors } from './login-doors.ts'
import { type LoggedOutOptions, loggedOut } from './logout/logged-out.ts'
import { type LogoutOptions, logout } from './logout/logout.ts'
import { realmSuffix } from './realms.ts'

export interface Endpoint {
  /** What logs and metrics call it. */
  readonly name: string
  readonly methods: readonly string[]
  /** Nothing but GET is answered before its origin has been proved. */
  readonly guardsForgery: boolean
  readonly limiter: Limiter | null
  /** Requests count in the limit over all routes, where that goes by address. */
  readonly countsInLimit: boolean
  readonly answer: (request: GatewayRequest, readForm: ReadForm) => Promise<Reply | EventStreamReply>
}

/** The options of what people use, for one realm they log in to. */
export interface DoorEndpoints {
  /** The realm's local name. */
  readonly realm: string
  readonly login: FinishLoginOptions
  readonly logout: LogoutOptions
  readonly loggedOut: LoggedOutOptions
  readonly user: UserOptions
  readonly refresh: RefreshOptions
  readonly events: TabEvents
  readonly mySessions: MySessionsOptions
}

export interface EndpointOptions {
  readonly paths: EndpointPaths
  readonly alsoGet: GatewayConfig['alsoGet']
  readonly doors: LoginDoors<DoorEndpoints>
  /** The login realm whose endpoints have no name behind them. */
  readonly loginRealm: string
  readonly secondLogins: readonly SecondLoginOptions[]
  /** Over login and callback; null for none. */
  readonly loginLimiter: Limiter | null
  /** Null where no service receives internal tokens. */
  readonly issuer: IssuerMetadataOptions | null
  /** Of second realms. */
  readonly tokenEndpoints: readonly Entry[]
  /** Of all realms. */
  readonly backchannelLogout: Entry
}

/** By path. What belongs to another realm than the login realm has its name behind it. */
export function buildEndpoints(options: EndpointOptions): ReadonlyMap<string, Endpoint> {
  const { doors } = options
  return new Map([
    ...peopleEndpoints(options),
    ...doors.all.flatMap((door) => realmEndpoints(door, realmSuffix(door.realm, options), options)),
    ...options.secondLogins.flatMap((second) => secondLoginEndpoints(second, options)),
    ...issuerEndpoints(options),
    ...options.tokenEndpoints,
    options.backchannelLogout,
  ])
}

type Entry = readonly [path: string, endpoint: Endpoint]

/** The front end of the page that asks says which realm is meant. */
function peopleEndpoints(options: EndpointOptions): readonly Entry[] {
  const { paths, doors, loginLimiter } = options
  const doorToLogIn = (request: GatewayRequest, { login }: DoorEndpoints) => {
    const returnTo = new URLSearchParams(request.search).get('return_to')
    return doors.ofReturnTo(parseReturnTo(returnTo, login.frontends, request))
  }
  const login = (request: GatewayRequest) => {
    const door = doorToLogIn(request, doors.ofRequest(request))
    return startLogin(request, door.login)
  }
  return [
    [paths.login, { ...get('login', login), limiter: loginLimiter }],
    [paths.user, get('user', (request) => describeUser(request, doors.ofRequest(request).user))],
    [paths.refresh, refreshEndpoint(options)],
    [paths.logout, logoutEndpoint((request) => logout(request, doors.ofRequest(request).logout))],
    [paths.events, get('events', (request) => doors.ofRequest(request).events.answer(request))],
    [paths.sessions, sessionsEndpoint(options)],
  ]
}

/** `suffix` is empty for the login realm: its login and logout stand above, for every front end. */
function realmEndpoints(
  door: DoorEndpoints,
  suffix: string,
  { paths, loginLimiter }: EndpointOptions,
): readonly Entry[] {
  const callback = get('callback', (request) => finishLogin(request, door.login))
  const shared: readonly Entry[] = [
    [paths.callback + suffix, { ...callback, limiter: loginLimiter }],
    [paths.loggedOut + suffix, get('logged-out', (request) => loggedOut(request, door.loggedOut))],
  ]
  if (suffix === '') return shared
  const login = get('login', (request) => startLogin(request, door.login))
  return [
    ...shared,
    [paths.login + suffix, { ...login, limiter: loginLimiter }],
    [paths.logout + suffix, logoutEndpoint((request) => logout(request, door.logout))],
  ]
}

function secondLoginEndpoints(second: SecondLoginOptions, options: EndpointOptions): readonly Entry[] {
  const { paths, loginLimiter } = options
  const suffix = realmSuffix(second.realm.realm, options)
  const start = get('second-login', (request) => startSecondLogin(request, second))
  const finish = get('second-callback', (request) => finishSecondLogin(request, second))
  return [
    [paths.login + suffix, { ...start, limiter: loginLimiter }],
    [paths.callback + suffix, { ...finish, limiter: loginLimiter }],
  ]
}

function issuerEndpoints({ paths, issuer }: EndpointOptions): readonly Entry[] {
  if (issuer === null) return []
  return [
    [paths.jwks, get('jwks', () => answerKeySet(issuer))],
    [paths.issuerMetadata, get('issuer-metadata', () => answerIssuerMetadata(issuer))],
  ]
}

function get(name: string, answer: Endpoint['answer']): Endpoint {
  return { name, methods: ['GET'], guardsForgery: true, limiter: null, countsInLimit: true, answer }
}

function post(name: string, answer: Endpoint['answer']): Endpoint {
  return { ...get(name, answer), methods: ['POST'] }
}

function refreshEndpoint({ doors, alsoGet }: EndpointOptions): Endpoint {
  const endpoint = post('refresh', (request) => {
    const { refresh } = doors.ofRequest(request)
    return request.method === 'GET' ? refreshByGet(request, refresh) : refreshSession(request, refresh)
  })
  return alsoGet.includes('refresh') ? { ...endpoint, methods: ['GET', 'POST'] } : endpoint
}

function logoutEndpoint(answer: Endpoint['answer']): Endpoint {
  return { ...post('logout', answer), methods: ['GET', 'POST'] }
}

function sessionsEndpoint({ doors }: EndpointOptions): Endpoint {
  const answer: Endpoint['answer'] = (request, readForm) =>
    answerSessions(request, readForm, doors.ofRequest(request).mySessions)
  return { ...get('sessions', answer), methods: ['GET', 'POST', 'DELETE'] }
}
