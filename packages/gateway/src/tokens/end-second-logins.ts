import type { RelyingParty } from '../realm/relying-party.ts'
import type { Session } from '../session/session.ts'

/** Undefined for a realm that is not configured any more. */
export type FindRealm = (realm: string) => Pick<RelyingParty, 'issuer' | 'endSession'> | undefined

/**
 * Ends the sessions that a person's second logins have opened at their realms: the next person in the same browser would
 * be taken for this one there. True when every realm has confirmed it. Never rejects.
 */
export async function endSecondLogins({ secondLogins }: Session, findRealm: FindRealm): Promise<boolean> {
  const endings = Object.entries(secondLogins).map(([name, { issuer, tokens }]) => {
    const realm = findRealm(name)
    if (realm?.issuer !== issuer || tokens.refreshToken === null) return false
    return realm.endSession(tokens.refreshToken)
  })
  return (await Promise.all(endings)).every(Boolean)
}
