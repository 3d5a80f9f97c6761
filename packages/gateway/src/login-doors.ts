// What each realm people log in to has of its own: its cookies, its sessions, its client and its way to log in.
import type { Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import type { LoginWish } from './login/login-wish.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { Cookies } from './session/session-cookie.ts'

export interface LoginDoor {
  /** The local name of the realm. */
  readonly realm: string
  readonly clientId: string
  readonly cookies: Cookies
  /** Those of this realm alone. */
  readonly sessions: SessionLifecycle
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  readonly startLoginFor: (
    request: GatewayRequest,
    returnTo: string,
    parameters: LoginWish['parameters'],
  ) => Promise<Reply>
}

export interface LoginDoors<Door extends { readonly realm: string }> {
  readonly all: readonly Door[]
  readonly byRealm: (realm: string) => Door
  /** Of the front end whose page asks; a request without Origin is our own page's. */
  readonly ofRequest: (request: Pick<GatewayRequest, 'headers'>) => Door
  /** Of the front end that a checked `return_to` leads to. */
  readonly ofReturnTo: (returnTo: string) => Door
}

export interface DoorFrontend {
  readonly origin: string
  readonly realm: string
}

/** `frontends` contains the one of `ownOrigin`. */
export function createLoginDoors<Door extends { readonly realm: string }>(
  doors: readonly Door[],
  ownOrigin: string,
  frontends: readonly DoorFrontend[],
): LoginDoors<Door> {
  const byName = new Map(doors.map((door) => [door.realm, door]))
  const byRealm = (realm: string) => {
    const door = byName.get(realm)
    if (door === undefined) throw new TypeError(`nobody logs in to realm ${realm}`)
    return door
  }
  const byOrigin = new Map(frontends.map(({ origin, realm }) => [origin, byRealm(realm)]))
  const own = byOrigin.get(ownOrigin)
  if (own === undefined) throw new TypeError('no front end stands at publicUrl')
  return {
    all: doors,
    byRealm,
    ofRequest({ headers: { origin } }) {
      return typeof origin !== 'string' ? own : (byOrigin.get(origin) ?? own)
    },
    ofReturnTo(returnTo) {
      return returnTo.startsWith('/') ? own : (byOrigin.get(new URL(returnTo).origin) ?? own)
    },
  }
}
