import type { Caller } from '@doorman/resource-server'
import { buildSession, type DoormanSession } from '../session.ts'

/** What internal tokens say in members of their own, or what is about the token and not about the person. */
const NOT_ABOUT_THE_PERSON: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'sub',
  'sid',
  'realm',
  'client_id',
  'roles',
  'client_roles',
  'tenant',
  'iat',
  'nbf',
  'exp',
  'jti',
])

/** Null for a caller who has no session, such as one with a bearer token. */
export function sessionOf({ subject, sessionId, roles, clientRoles, tenant, claims }: Caller): DoormanSession | null {
  if (sessionId === null) return null
  const own = Object.entries(claims).filter(([name]) => !NOT_ABOUT_THE_PERSON.has(name))
  const { name, email, preferred_username } = claims
  return buildSession({
    id: subject,
    sessionId,
    name: textOf(name) ?? textOf(preferred_username),
    email: textOf(email),
    roles,
    clientRoles,
    tenant,
    claims: Object.fromEntries(own),
  })
}

function textOf(claim: unknown): string | null {
  return typeof claim === 'string' ? claim : null
}
