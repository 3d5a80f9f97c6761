import { type Finding, ok, skipped, wrong } from '../finding.ts'
import type { RealmFacts } from '../realm-facts.ts'

const UNSEEN = 'what is registered in Keycloak is not seen, only what it answers'

export async function checkAdminAccess({ realm, access }: RealmFacts): Promise<Finding> {
  const way = await access()
  if (way.kind === 'open') return ok('clients can be looked at')
  if (way.kind === 'closed') return skipped(`${way.because}: ${UNSEEN}`)
  const { code, message } = way.error
  const fault = code === 'ERR_ADMIN_UNREACHABLE' ? 'admin-unreachable' : 'admin-credential'
  const remedy =
    fault === 'admin-unreachable'
      ? `correct provision.realms.${realm.name}.adminUrl`
      : `correct provision.realms.${realm.name}.credential, or make another one with doorman bootstrap`
  return wrong(fault, message, remedy, { code })
}
