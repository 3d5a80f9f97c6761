// Who is logged in, as an application sees it. All of it may reach the browser, so a token is refused wherever it stands.

export interface DoormanSession {
  /** `sub` at the realm. */
  readonly id: string
  /** The session's public handle; it opens nothing. */
  readonly sessionId: string
  /** The claim `name`, else `preferred_username`. */
  readonly name: string | null
  readonly email: string | null
  /** Realm roles. */
  readonly roles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** Behind a gateway that of the request; embedded the only one of the person, null for several. */
  readonly tenant: string | null
  /** Embedded those of `user.claims`, behind a gateway those of `internal.claims` of this service. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** True with one of them. */
export function hasRole({ roles }: DoormanSession, role: string | readonly string[]): boolean {
  return (typeof role === 'string' ? [role] : role).some((one) => roles.includes(one))
}

const TOKEN_NAME =
  /^(?:(?:\w+_)?(?:access|refresh|id|auth|bearer)_?)?token$|^(?:client_?)?secret$|^password$|^authorization$|^cookies?$/i
const TOKEN_VALUE = /^(?:bearer\s+)?eyJ[\w-]{5,}\.[\w-]+\.|^bearer\s+[\w.-]{20,}$/i
const MAX_DEPTH = 8

/** Throws a `TypeError` for a member that is named or looks like a token. The message has its name, never its value. */
export function refuseTokens(session: DoormanSession): void {
  // Its names are ids of clients, which may be called anything.
  const { clientRoles: _, ...named } = session
  inspect(named, 'session', 0)
}

function inspect(value: unknown, name: string, depth: number): void {
  if (typeof value === 'string' && TOKEN_VALUE.test(value)) throw looksLikeToken(name)
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw new TypeError(`${name} is nested too deeply`)
  for (const [key, member] of Object.entries(value)) {
    const path = `${name}.${key}`
    if (member !== null && member !== undefined && TOKEN_NAME.test(key)) throw looksLikeToken(path)
    inspect(member, path, depth + 1)
  }
}

function looksLikeToken(name: string): TypeError {
  return new TypeError(`${name} looks like a token: a session can reach the browser, where no token may`)
}

/** Member by member, so that nothing else a source may have comes along. */
export function buildSession(source: DoormanSession): DoormanSession {
  const { id, sessionId, name, email, roles, clientRoles, tenant, claims } = source
  const session = { id, sessionId, name, email, roles: [...roles], clientRoles: { ...clientRoles }, tenant, claims }
  refuseTokens(session)
  return session
}
