// Deliveries whose content could never be written.
import { keysOf } from './deliveries.ts'
import { isGatewayClient, loginRealmOf, type RealmNames, type SectionFinding } from './finding.ts'
import type { ParsedClient } from './schema-clients.ts'
import type { ParsedDelivery } from './schema-deliver.ts'
import type { Placeholder } from './shapes.ts'
import { parseTemplate, type Template } from './template.ts'

type Path = SectionFinding['path']

export const ENVIRONMENT_NAME = /^[A-Za-z_]\w*$/
const OF_REDIRECT: readonly Placeholder[] = ['redirectUri', 'redirectOrigin']

export function findDeliveryContradictions(
  key: string,
  client: ParsedClient,
  realms: RealmNames,
): readonly SectionFinding[] {
  const isOwn = isGatewayClient(client.clientId ?? key, client.realm ?? loginRealmOf(realms), realms)
  const lacking = lackingPlaceholders(client, isOwn)
  return client.deliver.flatMap((delivery, index) => {
    const path = ['clients', key, 'deliver', index]
    return [
      ...findNothing(delivery, path),
      ...findBadNames(delivery, path),
      ...templatesOf(delivery, path).flatMap((each) => findTemplateProblems(each, lacking)),
    ]
  })
}

/** What has no value for this client, with what would give it one. The gateway's own has its redirect URIs of itself. */
function lackingPlaceholders(
  { auth = 'secret', preset, redirectUris = [] }: ParsedClient,
  isOwn: boolean,
): ReadonlyMap<Placeholder, string> {
  const lacking = new Map<Placeholder, string>()
  if (!isOwn && (preset === 'spa' || auth !== 'secret')) {
    lacking.set('clientSecret', 'this client has no secret; write keys without {{clientSecret}}')
  }
  // One with a wildcard is a rule for Keycloak, and no address.
  if (!isOwn && redirectUris.every((uri) => uri.includes('*'))) {
    for (const name of OF_REDIRECT) lacking.set(name, 'this client has no redirect URI without *; write redirectUris')
  }
  return lacking
}

function findNothing(delivery: ParsedDelivery, path: Path): readonly SectionFinding[] {
  if ('file' in delivery || Object.keys(keysOf(delivery)).length > 0) return []
  return [{ path, message: 'delivers nothing', suggestion: 'write shape or keys' }]
}

function findBadNames(delivery: ParsedDelivery, path: Path): readonly SectionFinding[] {
  if ('file' in delivery || 'kubernetes' in delivery) return []
  return Object.keys(delivery.keys ?? {})
    .filter((name) => !ENVIRONMENT_NAME.test(name))
    .map((name) => {
      const message = 'no name of an environment variable'
      return { path: [...path, 'keys', name], message, suggestion: 'write letters, digits and _' }
    })
}

interface PlacedTemplate {
  readonly path: Path
  readonly template: Template
}

function templatesOf(delivery: ParsedDelivery, path: Path): readonly PlacedTemplate[] {
  if ('file' in delivery) return [{ path: [...path, 'template'], template: parseTemplate(delivery.template) }]
  const own = delivery.keys ?? {}
  return Object.entries(keysOf(delivery)).map(([name, text]) => {
    const place = Object.hasOwn(own, name) ? ['keys', name] : ['shape']
    return { path: [...path, ...place], template: parseTemplate(text) }
  })
}

function findTemplateProblems(
  { path, template }: PlacedTemplate,
  lacking: ReadonlyMap<Placeholder, string>,
): readonly SectionFinding[] {
  if (template.kind === 'invalid') return [{ path, message: template.problem, suggestion: null }]
  return template.parts.flatMap((part) => {
    const reason = part.kind === 'placeholder' ? lacking.get(part.name) : undefined
    if (reason === undefined || part.kind !== 'placeholder') return []
    const [message = '', suggestion = null] = reason.split('; ')
    return [{ path, message: `{{${part.name}}}: ${message}`, suggestion }]
  })
}
