// Who is calling.
import type { LiveSession } from '../session/live-session.ts'

export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'session'
      readonly live: LiveSession
      readonly realmRoles: readonly string[]
      /** By client id. */
      readonly clientRoles: Readonly<Record<string, readonly string[]>>
    }

export const ANONYMOUS: Principal = { kind: 'anonymous' }

export function sessionPrincipal(live: LiveSession): Principal {
  const { realmRoles, clientRoles } = live.session.roles
  return { kind: 'session', live, realmRoles, clientRoles }
}
