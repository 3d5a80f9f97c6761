// The gateway's own endpoints, as one table. Each takes a request as data and returns a reply as data.
import { type RefreshOptions, refreshSession } from './account/refresh-session.ts'
import { describeUser, type UserOptions } from './account/user.ts'
import type { EndpointPaths } from './config/gateway-config.ts'
import type { Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { type FinishLoginOptions, finishLogin } from './login/finish-login.ts'
import { startLogin } from './login/start-login.ts'
import { type LoggedOutOptions, loggedOut } from './logout/logged-out.ts'
import { type LogoutOptions, logout } from './logout/logout.ts'

export interface Endpoint {
  /** What logs and metrics call it. */
  readonly name: string
  readonly methods: readonly string[]
  readonly answer: (request: GatewayRequest) => Promise<Reply>
}

export interface EndpointOptions {
  readonly paths: EndpointPaths
  readonly login: FinishLoginOptions
  readonly logout: LogoutOptions
  readonly loggedOut: LoggedOutOptions
  readonly user: UserOptions
  readonly refresh: RefreshOptions
}

/** By path. */
export function buildEndpoints(options: EndpointOptions): ReadonlyMap<string, Endpoint> {
  const { paths } = options
  return new Map<string, Endpoint>([
    [paths.login, get('login', (request) => startLogin(request, options.login))],
    [paths.callback, get('callback', (request) => finishLogin(request, options.login))],
    [paths.user, get('user', (request) => describeUser(request, options.user))],
    [paths.refresh, post('refresh', (request) => refreshSession(request, options.refresh))],
    [paths.logout, { ...post('logout', (request) => logout(request, options.logout)), methods: ['GET', 'POST'] }],
    [paths.loggedOut, get('logged-out', (request) => loggedOut(request, options.loggedOut))],
  ])
}

function get(name: string, answer: Endpoint['answer']): Endpoint {
  return { name, methods: ['GET'], answer }
}

function post(name: string, answer: Endpoint['answer']): Endpoint {
  return { name, methods: ['POST'], answer }
}
