// Entries of `clients` that nobody could use, or not as written.
import { APPLY_LOCK_CLIENT_ID } from './apply-lock-client.ts'
import { isBuiltInClient } from './built-in.ts'
import { isGatewayClient, loginRealmOf, type RealmNames, type SectionFinding } from './finding.ts'
import { askNear } from './near.ts'
import { hasLogin, type Preset } from './presets.ts'
import type { ParsedClient } from './schema-clients.ts'
import type { ParsedProvision } from './schema-provision.ts'

type Entries = readonly (readonly [key: string, client: ParsedClient])[]

/** One entry with what its defaults stand for. */
interface Named {
  readonly key: string
  readonly client: ParsedClient
  readonly clientId: string
  readonly realm: string | undefined
  /** Null for the gateway's own client. */
  readonly preset: Preset | null
}

export function findClientContradictions(
  entries: Entries,
  provision: ParsedProvision | undefined,
  realms: RealmNames,
): readonly SectionFinding[] {
  const all = entries.map(([key, client]) => nameEntry(key, client, realms))
  return all.flatMap((named, index) => [
    ...findUnknownRealm(named, realms),
    ...findUnreachedRealm(named, provision, realms),
    ...findReservedName(named),
    ...findTwin(named, all.slice(0, index), realms),
    ...findGatewayWords(named),
    ...findUselessLogin(named),
    ...findMissingLogin(named),
    ...findPublicCredential(named),
    ...findRotation(named, provision),
    ...findMissingServiceAccount(named),
    ...findMapperClashes(named),
  ])
}

function nameEntry(key: string, client: ParsedClient, realms: RealmNames): Named {
  const { clientId = key, realm = loginRealmOf(realms) } = client
  const preset = isGatewayClient(clientId, realm, realms) ? null : (client.preset ?? 'service')
  return { key, client, clientId, realm, preset }
}

function finding({ key }: Named, below: readonly string[], message: string, suggestion: string): SectionFinding {
  return { path: ['clients', key, ...below], message, suggestion }
}

function findUnknownRealm({ key, client: { realm } }: Named, realms: RealmNames): readonly SectionFinding[] {
  if (realm === undefined || realms.has(realm)) return []
  const suggestion = askNear(realm, [...realms.keys()])
  return [{ path: ['clients', key, 'realm'], message: 'no key of realms', suggestion }]
}

/** Only where `provision` names realms at all: somebody may keep it in a file of their own. */
function findUnreachedRealm(
  named: Named,
  provision: ParsedProvision | undefined,
  realms: RealmNames,
): readonly SectionFinding[] {
  const { realm } = named
  const reached = Object.keys(provision?.realms ?? {})
  if (realm === undefined || !realms.has(realm) || reached.length === 0) return []
  const issuer = realms.get(realm)?.issuer
  if (reached.some((name) => name === realm || realms.get(name)?.issuer === issuer)) return []
  const below = named.client.realm === undefined ? [] : ['realm']
  return [finding(named, below, `provision has no credential for ${realm}`, `write provision.realms.${realm}`)]
}

function findReservedName(named: Named): readonly SectionFinding[] {
  const { clientId, client } = named
  const below = client.clientId === undefined ? [] : ['clientId']
  if (clientId === APPLY_LOCK_CLIENT_ID) {
    return [finding(named, below, 'doorman apply takes this name while it runs', 'write another one')]
  }
  return isBuiltInClient(clientId) ? [finding(named, below, "a client of Keycloak's own", 'leave it out')] : []
}

function findTwin(named: Named, earlier: readonly Named[], realms: RealmNames): readonly SectionFinding[] {
  const issuerOf = ({ realm }: Named) => realms.get(realm ?? '')?.issuer ?? realm
  const twin = earlier.find((other) => other.clientId === named.clientId && issuerOf(other) === issuerOf(named))
  if (twin === undefined) return []
  const below = named.client.clientId === undefined ? [] : ['clientId']
  return [finding(named, below, `the same client as clients.${twin.key}`, 'write both in one entry')]
}

/** What `realms` says of the gateway's own client is said there alone. */
function findGatewayWords(named: Named): readonly SectionFinding[] {
  if (named.preset !== null) return []
  const { preset, auth, enabled } = named.client
  const message = `the gateway's own client in ${named.realm}`
  return [
    ...(preset === undefined ? [] : [finding(named, ['preset'], message, 'leave preset out')]),
    ...(auth === undefined ? [] : [finding(named, ['auth'], message, `write realms.${named.realm}.clientAuth`)]),
    ...(enabled === false ? [finding(named, ['enabled'], message, 'leave enabled out')] : []),
  ]
}

const LOGIN_KEYS = ['redirectUris', 'postLogoutRedirectUris', 'webOrigins', 'backchannelLogoutUrl'] as const

function findUselessLogin(named: Named): readonly SectionFinding[] {
  const { preset, client } = named
  if (preset === null || hasLogin(preset)) return []
  return LOGIN_KEYS.filter((key) => client[key] !== undefined).map((key) => {
    return finding(named, [key], `nobody logs in to a client of preset ${preset}`, 'write preset: web, or preset: spa')
  })
}

function findMissingLogin(named: Named): readonly SectionFinding[] {
  const { preset, client } = named
  if (preset === null || !hasLogin(preset) || (client.redirectUris ?? []).length > 0) return []
  const below = client.redirectUris === undefined ? [] : ['redirectUris']
  return [finding(named, below, 'nobody could come back from a login', 'write redirectUris')]
}

function findPublicCredential(named: Named): readonly SectionFinding[] {
  const { preset, client } = named
  const found: SectionFinding[] = []
  if (preset === 'spa' && client.auth !== undefined) {
    found.push(finding(named, ['auth'], 'a public client proves nothing', 'leave auth out, or write preset: web'))
  }
  if (preset === 'bearer' && client.directAccessGrants === true) {
    found.push(finding(named, ['directAccessGrants'], 'a bearer asks for no tokens', 'write preset: service'))
  }
  return found
}

function findRotation(named: Named, provision: ParsedProvision | undefined): readonly SectionFinding[] {
  const { rotate, auth = 'secret' } = named.client
  if (rotate === undefined) return []
  if (named.preset === 'spa' || auth !== 'secret') {
    return [finding(named, ['rotate'], 'this client has no secret', 'leave rotate out')]
  }
  const overlap = provision?.overlap
  if (overlap === undefined || rotate > overlap) return []
  const message = 'a third secret would end the first one before provision.overlap is over'
  return [finding(named, ['rotate'], message, 'write a shorter provision.overlap')]
}

function findMissingServiceAccount(named: Named): readonly SectionFinding[] {
  const { preset, client } = named
  if (client.serviceAccountRoles === undefined || preset === null || preset === 'service') return []
  const message = `a client of preset ${preset} has no service account`
  return [finding(named, ['serviceAccountRoles'], message, 'write preset: service')]
}

function findMapperClashes(named: Named): readonly SectionFinding[] {
  const { audiences, mappers } = named.client
  return audiences
    .filter((audience) => Object.hasOwn(mappers, `audience of ${audience}`))
    .map((audience) => {
      const message = `audiences makes a mapper of this name for ${audience}`
      return finding(named, ['mappers', `audience of ${audience}`], message, 'give it another name')
    })
}
