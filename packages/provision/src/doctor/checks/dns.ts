import { isIP } from 'node:net'
import { type Finding, ok, wrong } from '../finding.ts'
import { bareHost } from '../hosts.ts'
import type { RealmFacts } from '../realm-facts.ts'

/** What resolvers answer when there is no such name. */
const UNKNOWN: readonly string[] = ['ENOTFOUND', 'ENODATA']

export async function checkDns({ url, tools }: RealmFacts): Promise<Finding> {
  const host = bareHost(url)
  if (isIP(host) !== 0) return ok(`${host} is an address itself`)
  try {
    return ok(`${host} is ${(await tools.lookup(host)).join(', ')}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (UNKNOWN.includes(code)) {
      const remedy =
        'correct issuer or backchannelUrl of the realm, or the DNS entry; in a cluster: SERVICE.NAMESPACE.svc'
      return wrong('host-unknown', `there is no host ${host}`, remedy, { host, code })
    }
    const remedy = 'look at /etc/resolv.conf here, and whether its server can be reached: UDP and TCP port 53'
    return wrong('resolver-silent', `the name ${host} cannot be looked up: ${code}`, remedy, { host, code })
  }
}
