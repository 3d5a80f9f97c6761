import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, unneeded, wrong } from '../finding.ts'
import { addressesOf, bareHost, isLoopback, isLoopbackName } from '../hosts.ts'

const ATTRIBUTE = 'backchannel.logout.url'

/** Where Keycloak says that a session has ended: as registered, and as Keycloak could reach it. */
export async function checkBackchannelUrl(facts: ClientFacts): Promise<Finding> {
  const { backchannelLogout, clientId } = facts.client
  if (backchannelLogout === null) return unneeded('it hears of no logouts')
  const { url } = backchannelLogout
  const seen = await facts.look()
  const registered = seen.kind === 'seen' ? (seen.client.attributes[ATTRIBUTE] ?? '') : url
  if (registered !== url) {
    const cause = `Keycloak tells ${registered === '' ? 'nobody' : registered} of logouts, the file says ${url}`
    const remedy = 'correct "Backchannel logout URL", or run doorman apply'
    return wrong('backchannel-url', cause, remedy, {
      clientId,
      registered,
      expected: url,
      field: `attributes.${ATTRIBUTE}`,
    })
  }
  if (isLoopbackName(hostOf(url)) && !(await isKeycloakHere(facts))) {
    const cause = `Keycloak is on another machine, where ${url} leads to itself`
    const remedy = `name an address that leads here from there: backchannelLogoutUrl of clients.${clientId}, or publicUrl`
    return wrong('backchannel-loopback', cause, remedy, { clientId, url, keycloak: facts.realm.url.host })
  }
  return ok(seen.kind === 'seen' ? url : `${url}; whether it is registered is not seen`)
}

function hostOf(url: string): string {
  return bareHost(new URL(url))
}

async function isKeycloakHere({ realm: { url, tools } }: ClientFacts): Promise<boolean> {
  const host = bareHost(url)
  return isLoopbackName(host) || (await addressesOf(host, tools)).some(isLoopback)
}
