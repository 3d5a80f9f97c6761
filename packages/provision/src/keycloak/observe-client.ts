// A client as Keycloak represents it, taken apart. Pure, and careful with what is secret in it.
import type { Json } from '../wanted/wanted.ts'
import { readList, readText } from './answers.ts'
import { observeSecret } from './masked.ts'
import type { ObservedClient, ObservedMapper, ObservedScope } from './observed.ts'
import type { Representation } from './realm-admin.ts'

/** Attributes that hold a secret in clear. */
const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set([
  'client.secret.rotated',
  'saml.signing.private.key',
  'saml.encryption.private.key',
])

/** Observed elsewhere, secret, or (`access`) about who looks rather than about the client. */
const NOT_SETTINGS: ReadonlySet<string> = new Set([
  'attributes',
  'protocolMappers',
  'defaultClientScopes',
  'optionalClientScopes',
  'secret',
  'registrationAccessToken',
  'access',
])

/** All but its roles and its service account, which take calls of their own. */
export function observeClient(client: Representation): Omit<ObservedClient, 'roles' | 'serviceAccount'> {
  return {
    id: readText(client, 'id'),
    clientId: readText(client, 'clientId'),
    settings: pickFields(client, (name) => !NOT_SETTINGS.has(name)),
    attributes: observeAttributes(client.attributes),
    mappers: observeMappers(client.protocolMappers),
    defaultScopes: readNames(client.defaultClientScopes),
    optionalScopes: readNames(client.optionalClientScopes),
    secret: observeSecret(client.secret),
  }
}

export function observeScope(scope: Representation): ObservedScope {
  return {
    id: readText(scope, 'id'),
    name: readText(scope, 'name'),
    description: typeof scope.description === 'string' ? scope.description : '',
    attributes: observeAttributes(scope.attributes),
    mappers: observeMappers(scope.protocolMappers),
  }
}

function observeAttributes(attributes: Json | undefined): Readonly<Record<string, string>> {
  const texts = readTexts(attributes)
  return Object.fromEntries(Object.entries(texts).filter(([name]) => !SECRET_ATTRIBUTES.has(name)))
}

function observeMappers(mappers: Json | undefined): ReadonlyMap<string, ObservedMapper> {
  return new Map(readList(mappers ?? []).map((mapper) => [readText(mapper, 'name'), observeMapper(mapper)]))
}

function observeMapper(mapper: Representation): ObservedMapper {
  const protocolMapper = readText(mapper, 'protocolMapper')
  return { id: readText(mapper, 'id'), protocolMapper, config: readTexts(mapper.config) }
}

export function pickFields(
  representation: Representation,
  isPicked: (name: string) => boolean,
): Readonly<Record<string, Json>> {
  const fields: Record<string, Json> = {}
  for (const [name, value] of Object.entries(representation)) {
    if (value !== undefined && isPicked(name)) fields[name] = value
  }
  return fields
}

export function readTexts(values: Json | undefined): Readonly<Record<string, string>> {
  if (typeof values !== 'object' || values === null) return {}
  const texts = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(texts)
}

export function readNames(names: Json | undefined): readonly string[] {
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
