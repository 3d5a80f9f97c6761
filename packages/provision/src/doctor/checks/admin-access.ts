import type { ProvisionError } from '../../errors.ts'
import { type Evidence, type Finding, ok, skipped, wrong } from '../finding.ts'
import type { RealmFacts } from '../realm-facts.ts'

const UNSEEN = 'what is registered in Keycloak is not seen, only what it answers'

export async function checkAdminAccess({ realm, access }: RealmFacts): Promise<Finding> {
  const way = await access()
  if (way.kind === 'open') return ok('clients can be looked at')
  if (way.kind === 'closed') return skipped(`${way.because}: ${UNSEEN}`)
  return failed(realm.name, way.error)
}

/** What the admin interface has said may quote a credential that we do not know: only words of ours are shown. */
function failed(name: string, { code, detail }: ProvisionError): Finding {
  const evidence = {
    code,
    ...(typeof detail.status === 'number' ? { status: detail.status } : {}),
    ...reasonOf(detail),
  }
  if (code === 'ERR_ADMIN_UNREACHABLE') {
    const remedy = `correct provision.realms.${name}.adminUrl`
    return wrong('admin-unreachable', 'the admin interface cannot be reached', remedy, evidence)
  }
  const place = `provision.realms.${name}.credential`
  const remedy = `correct ${place}, or make another one with doorman bootstrap`
  return wrong('admin-credential', `Keycloak does not take ${place}`, remedy, evidence)
}

const REASONS: readonly unknown[] = [
  'unauthorized_client',
  'invalid_client',
  'issuer',
  'answer',
  'token',
  'file',
  'key',
]

function reasonOf({ reason }: ProvisionError['detail']): Evidence {
  return typeof reason === 'string' && REASONS.includes(reason) ? { reason } : {}
}
