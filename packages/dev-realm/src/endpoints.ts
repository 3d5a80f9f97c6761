// Which endpoint a path belongs to.
import { BROKER_PATH } from './broker.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import type { RealmEndpoint } from './faults.ts'
import { LOGIN_PATH } from './login-server.ts'

const FIXED: Readonly<Record<string, RealmEndpoint>> = {
  '': 'info',
  '/.well-known/openid-configuration': 'discovery',
  [`${OPENID_CONNECT_PATH}/auth`]: 'auth',
  [`${OPENID_CONNECT_PATH}/token`]: 'token',
  [`${OPENID_CONNECT_PATH}/certs`]: 'certs',
  [`${OPENID_CONNECT_PATH}/logout`]: 'logout',
  [`${OPENID_CONNECT_PATH}/logout/logout-confirm`]: 'logout',
  [`${OPENID_CONNECT_PATH}/userinfo`]: 'userinfo',
  [`${OPENID_CONNECT_PATH}/token/introspect`]: 'introspect',
  [`${OPENID_CONNECT_PATH}/revoke`]: 'revoke',
}

const METHODS: Readonly<Record<RealmEndpoint, readonly string[]>> = {
  discovery: ['GET', 'HEAD'],
  auth: ['GET'],
  login: ['GET', 'POST'],
  resume: ['GET'],
  broker: ['GET'],
  token: ['POST'],
  certs: ['GET', 'HEAD'],
  logout: ['GET', 'POST'],
  userinfo: ['GET', 'POST'],
  introspect: ['POST'],
  revoke: ['POST'],
  info: ['GET', 'HEAD'],
  unknown: ['GET', 'HEAD', 'POST'],
}

/** `path`: what follows `/realms/NAME`. */
export function findEndpoint(path: string): RealmEndpoint {
  if (path.startsWith(`${LOGIN_PATH}/`)) return 'login'
  if (path.startsWith(`${BROKER_PATH}/`)) return 'broker'
  if (path.startsWith(`${OPENID_CONNECT_PATH}/auth/`)) return 'resume'
  return Object.hasOwn(FIXED, path) ? (FIXED[path] ?? 'unknown') : 'unknown'
}

export function isMethodAllowed(endpoint: RealmEndpoint, method: string): boolean {
  return METHODS[endpoint].includes(method)
}
