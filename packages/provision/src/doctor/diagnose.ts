// The checks in their order. What depends on something wrong is not asked again: it would only say the same.
import { checkAdminAccess } from './checks/admin-access.ts'
import { checkAudience } from './checks/audience.ts'
import { checkBackchannelCall } from './checks/backchannel-call.ts'
import { checkBackchannelUrl } from './checks/backchannel-url.ts'
import { checkClient } from './checks/client.ts'
import { checkClock } from './checks/clock.ts'
import { checkConnection } from './checks/connection.ts'
import { checkDirectCall } from './checks/direct-call.ts'
import { checkDns } from './checks/dns.ts'
import { checkExchange } from './checks/exchange.ts'
import { checkIssuer } from './checks/issuer.ts'
import { checkPostLogoutUri } from './checks/post-logout-uri.ts'
import { checkRealm } from './checks/realm-exists.ts'
import { checkRedirectUri } from './checks/redirect-uri.ts'
import { checkRoles } from './checks/roles.ts'
import { checkSecret } from './checks/secret.ts'
import { checkServiceAccount } from './checks/service-account.ts'
import { checkTls } from './checks/tls.ts'
import { type ClientFacts, createClientFacts } from './client-facts.ts'
import { blockedBy, type Evidence, type Finding } from './finding.ts'
import type { DoctorGround, DoctorRealm, DoctorService, DoctorTools } from './ground.ts'
import { createRealmFacts, type RealmFacts } from './realm-facts.ts'
import { createRedaction, type Redaction } from './redaction.ts'

export interface Diagnosis {
  readonly subject: Subject
  /** Such as `DNS` or `redirect URI`. */
  readonly check: string
  readonly finding: Finding
}

export type Subject =
  | { readonly kind: 'realm'; readonly name: string; readonly issuer: string }
  /** `because`: where in the file it is asked for. */
  | { readonly kind: 'client'; readonly name: string; readonly realm: string; readonly because: string }
  | { readonly kind: 'service'; readonly name: string }

interface Check<Facts> {
  readonly name: string
  readonly needs: readonly string[]
  readonly run: (facts: Facts) => Promise<Finding>
}

const REALM_CHECKS: readonly Check<RealmFacts>[] = [
  { name: 'DNS', needs: [], run: checkDns },
  { name: 'connection', needs: ['DNS'], run: checkConnection },
  { name: 'TLS', needs: ['connection'], run: checkTls },
  { name: 'realm', needs: ['TLS'], run: checkRealm },
  { name: 'issuer', needs: ['realm'], run: checkIssuer },
  { name: 'admin access', needs: ['realm'], run: checkAdminAccess },
]

const CLIENT_CHECKS: readonly Check<ClientFacts>[] = [
  { name: 'client', needs: ['realm'], run: checkClient },
  { name: 'secret', needs: ['client'], run: checkSecret },
  { name: 'service account', needs: ['secret'], run: checkServiceAccount },
  { name: 'redirect URI', needs: ['client'], run: checkRedirectUri },
  { name: 'post-logout URI', needs: ['client'], run: checkPostLogoutUri },
  { name: 'audience', needs: ['service account'], run: checkAudience },
  { name: 'roles', needs: ['service account'], run: checkRoles },
  { name: 'clock', needs: ['realm'], run: checkClock },
  { name: 'token exchange', needs: ['secret'], run: checkExchange },
  { name: 'back-channel URL', needs: ['client'], run: checkBackchannelUrl },
  { name: 'back-channel call', needs: [], run: checkBackchannelCall },
]

const SERVICE_CHECKS: readonly Check<DoctorService>[] = [{ name: 'direct call', needs: [], run: checkDirectCall }]

/** Each finding as soon as it is there. Changes nothing anywhere. */
export async function* diagnose(ground: DoctorGround, tools: DoctorTools): AsyncGenerator<Diagnosis, void> {
  const redaction = createRedaction()
  for (const realm of ground.realms) yield* diagnoseRealm(realm, tools, redaction)
  for (const service of ground.services) {
    const subject = { kind: 'service', name: service.name } as const
    yield* examine(subject, SERVICE_CHECKS, service, new Map(), redaction)
  }
}

async function* diagnoseRealm(realm: DoctorRealm, tools: DoctorTools, redaction: Redaction) {
  const facts = createRealmFacts(realm, tools, redaction)
  const { name, issuer } = realm
  const blocked = yield* examine({ kind: 'realm', name, issuer }, REALM_CHECKS, facts, new Map(), redaction)
  for (const client of realm.clients) {
    const { clientId, because } = client
    const subject = { kind: 'client', name: clientId, realm: name, because } as const
    yield* examine(subject, CLIENT_CHECKS, createClientFacts(client, facts), new Map(blocked), redaction)
  }
}

/** By check: the one that is wrong, and that it depends on. */
type Blocked = Map<string, string>

async function* examine<Facts>(
  subject: Subject,
  checks: readonly Check<Facts>[],
  facts: Facts,
  blocked: Blocked,
  redaction: Redaction,
): AsyncGenerator<Diagnosis, Blocked> {
  for (const { name: check, needs, run } of checks) {
    const culprit = needs.map((need) => blocked.get(need)).find((found) => found !== undefined)
    const finding = culprit === undefined ? await run(facts) : blockedBy(culprit)
    if (culprit !== undefined) blocked.set(check, culprit)
    if (finding.kind === 'wrong') blocked.set(check, check)
    yield { subject, check, finding: cleanFinding(finding, redaction) }
  }
  return blocked
}

function cleanFinding(finding: Finding, { clean }: Redaction): Finding {
  if (finding.kind === 'ok') return { ...finding, seen: clean(finding.seen) }
  if (finding.kind === 'skipped') return { ...finding, because: clean(finding.because) }
  const { cause, remedy, evidence } = finding
  return { ...finding, cause: clean(cause), remedy: clean(remedy), evidence: cleanEvidence(evidence, clean) }
}

function cleanEvidence(evidence: Evidence, clean: (text: string) => string): Evidence {
  const entries = Object.entries(evidence).map(([name, value]) => {
    if (typeof value === 'string') return [name, clean(value)]
    return [name, Array.isArray(value) ? value.map(clean) : value]
  })
  return Object.fromEntries(entries)
}
