// Whether introspection can work at all, found out once at start with a token of our own. Keycloak answers
// `active: false` to every client that is not in the token's `aud`, even to the one it was issued to.
import { becauseOf } from './realm-error.ts'
import type { RelyingParty } from './relying-party.ts'

export interface IntrospectionCheckOptions {
  /** Bearer tokens are asked about at the realm. */
  readonly introspects: boolean
  readonly clientId: string
}

type Askable = Pick<RelyingParty, 'requestClientToken' | 'introspect'>

/** What an operator has to know; null when all is well or nothing is introspected. Never throws. */
export async function checkIntrospection(options: IntrospectionCheckOptions, realm: Askable): Promise<string | null> {
  if (!options.introspects) return null
  const unchecked = 'whether introspection works could not be checked with a token of our own'
  const obtained = await realm.requestClientToken([])
  if (obtained.kind === 'subject-dead') return unchecked
  if (obtained.kind !== 'token') return `${unchecked}: ${obtained.because}`
  try {
    const claims = await realm.introspect(obtained.token.accessToken)
    if (claims !== null) return null
  } catch (error) {
    return `${unchecked}: ${becauseOf(error)}`
  }
  const { clientId } = options
  return `introspection calls a token dead that is alive: Keycloak does so to a client that is not in the token's aud; add an audience mapper for ${clientId} to client ${clientId} and to every client whose bearer tokens come here`
}
