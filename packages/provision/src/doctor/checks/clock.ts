import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'

/**
 * Keycloak tells the time by `iat` of a token; it sends no header `Date`, though a proxy before it may. Both are in whole
 * seconds: its clock then stood somewhere within that second, while ours went from before the call to after it.
 */
export async function checkClock(facts: ClientFacts): Promise<Finding> {
  const { hasServiceAccount, login } = facts.client
  if (!hasServiceAccount && login === null) return unneeded('it asks for no tokens')
  const reading = await readClock(facts)
  if (reading === undefined) return skipped('Keycloak tells nobody the time who has no token')
  const { at, sentAt, receivedAt } = reading
  const [least, most] = [at - receivedAt, at + 1 - sentAt]
  const { clockSkewSeconds } = facts.client
  if (least <= clockSkewSeconds && most >= -clockSkewSeconds) {
    return ok(`not more than ${Math.ceil(Math.max(Math.abs(least), Math.abs(most)))} s apart`)
  }
  const seconds = Math.round((least + most) / 2)
  const way = seconds > 0 ? 'ahead of' : 'behind'
  const cause = `Keycloak's clock is ${Math.abs(seconds)} s ${way} ours: fresh tokens pass for expired ones, or for ones of the future`
  const remedy = 'set both clocks by NTP; clockSkew of the realm is for seconds alone'
  return wrong('clock-skew', cause, remedy, { seconds, clockSkewSeconds })
}

async function readClock({ token, realm }: ClientFacts) {
  const own = await token()
  if (own.kind === 'token' && own.claims?.issuedAt != null) return { ...own, at: own.claims.issuedAt }
  const { answer, ...times } = await realm.discover()
  if (answer.kind !== 'answered' || answer.dateSeconds === null) return undefined
  return { ...times, at: answer.dateSeconds }
}
