import { type Finding, ok, wrong } from '../finding.ts'
import type { RealmFacts } from '../realm-facts.ts'
import { told } from '../redaction.ts'

/** Tokens name it in `iss`, and everybody compares it to the letter (OpenID Connect Discovery 1.0 section 4.3). */
export async function checkIssuer({ realm, discover }: RealmFacts): Promise<Finding> {
  const { issuer, address } = realm
  const { answer } = await discover()
  const found = answer.kind === 'answered' ? told(String(answer.body.issuer)) : ''
  if (found === issuer) return ok(issuer)
  const differs = differences(issuer, found)
  const way = address === issuer ? '' : `, asked at ${address},`
  const cause = `the realm${way} calls itself ${found}, the file calls it ${issuer}: ${differs.join(' and ')} differ`
  return wrong('issuer-mismatch', cause, remedyOf(address === issuer, found), { expected: issuer, found, differs })
}

function remedyOf(isDirect: boolean, found: string): string {
  return isDirect
    ? `write issuer: ${found}, or set KC_HOSTNAME at Keycloak to what the file says`
    : 'at Keycloak, set KC_HOSTNAME to the public address and KC_HOSTNAME_BACKCHANNEL_DYNAMIC=true'
}

function differences(expected: string, found: string): readonly string[] {
  if (expected === found.replace(/\/$/, '') || found === expected.replace(/\/$/, '')) return ['trailing slash']
  const [one, other] = [URL.parse(expected), URL.parse(found)]
  if (one === null || other === null) return ['all']
  const parts = [
    ['scheme', one.protocol === other.protocol],
    ['host', one.hostname === other.hostname],
    ['port', one.port === other.port],
    ['path', one.pathname === other.pathname],
  ] as const
  const differing = parts.flatMap(([name, isSame]) => (isSame ? [] : [name]))
  return differing.length === 0 ? ['spelling'] : differing
}
