// What becomes of a client that is sent: Keycloak's defaults at creation, and its ways of merging a PUT.
import { randomUUID } from 'node:crypto'
import type { Client, Mapper, RealmState, Thing } from './realm-state.ts'
import { recorded } from './recorded.ts'
import { Refusal, refuseUnknownFields } from './reply.ts'
import { makeSecret, nowSeconds } from './secret-values.ts'

const DEFAULTS = recorded<Thing>('clients', 'created with nothing said')

/** Known, though they are not in every answer. */
const RARE_FIELDS = [
  'name',
  'description',
  'type',
  'rootUrl',
  'adminUrl',
  'baseUrl',
  'protocolMappers',
  'authorizationServicesEnabled',
  'registrationAccessToken',
  'origin',
]
const FIELDS = new Set([...Object.keys(DEFAULTS), ...RARE_FIELDS])

/** Decided elsewhere than by taking what is sent. */
const OWN_WAYS = new Set([
  'id',
  'access',
  'secret',
  'attributes',
  'protocolMappers',
  'defaultClientScopes',
  'optionalClientScopes',
])

export function buildClient(realm: RealmState, sent: Thing): Client {
  checkClient(sent)
  const id = typeof sent.id === 'string' ? sent.id : randomUUID()
  const client: Client = {
    ...(structuredClone(DEFAULTS) as Client),
    id,
    clientId: id,
    ...plainFields(sent),
    webOrigins: sent.webOrigins ?? originsOf(sent.redirectUris),
    attributes: { realm_client: 'false', ...mergeAttributes({}, sent.attributes) },
    protocolMappers: mergeMappers([], sent.protocolMappers),
    ...scopeLists(realm, sent),
  }
  const { secret: _, ...withoutSecret } = client
  if (client.publicClient) return withoutSecret
  if (typeof sent.secret === 'string') return { ...client, secret: sent.secret }
  return withNewSecret(client)
}

/** Scope lists are ignored, and web origins do not follow. */
export function mergeClient(client: Client, sent: Thing): Client {
  checkClient(sent)
  const { authorizationServicesEnabled: _, ...kept } = client
  const merged: Client = {
    ...kept,
    ...plainFields(sent),
    attributes: mergeAttributes(client.attributes, sent.attributes),
    protocolMappers:
      sent.protocolMappers == null
        ? client.protocolMappers
        : mergeMappers(client.protocolMappers, sent.protocolMappers),
  }
  if (merged.publicClient) {
    const { secret: __, ...withoutSecret } = merged
    return withoutSecret
  }
  // Stars and nothing at all are taken for secrets as well.
  if (typeof sent.secret === 'string') return { ...merged, secret: sent.secret }
  return merged.secret === undefined ? withNewSecret(merged) : merged
}

function withNewSecret(client: Client): Client {
  const attributes = { ...client.attributes, 'client.secret.creation.time': String(nowSeconds()) }
  return { ...client, secret: makeSecret(), attributes }
}

function checkClient(sent: Thing): void {
  refuseUnknownFields(sent, FIELDS, 'ClientRepresentation')
  const isIllegal = toList(sent.redirectUris).some((uri) => /^(javascript|data|vbscript):/.test(String(uri)))
  if (!isIllegal) return
  throw new Refusal(400, { error: 'invalid_input', error_description: 'A redirect URI uses an illegal scheme' })
}

function plainFields(sent: Thing): Thing {
  const fields = Object.entries(sent).filter(([name, value]) => !OWN_WAYS.has(name) && value != null)
  const accountNeeded = sent.authorizationServicesEnabled === true ? { serviceAccountsEnabled: true } : {}
  return { ...Object.fromEntries(fields.filter(([name, value]) => !isOff(name, value))), ...accountNeeded }
}

/** It is told only where it is on. */
function isOff(name: string, value: unknown): boolean {
  return name === 'authorizationServicesEnabled' && value !== true
}

function mergeAttributes(current: Readonly<Record<string, string>>, sent: unknown): Record<string, string> {
  const merged = { ...current, ...((sent ?? {}) as Record<string, string>) }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value != null && value !== ''))
}

function mergeMappers(current: readonly Mapper[], sent: unknown): Mapper[] {
  return (toList(sent) as readonly Mapper[]).map((mapper) => {
    const same = current.find(({ name }) => name === mapper.name)
    return { consentRequired: false, ...mapper, id: same?.id ?? mapper.id ?? randomUUID() }
  })
}

/** One list alone leaves the other empty; what is not there is left out. */
function scopeLists(realm: RealmState, { defaultClientScopes, optionalClientScopes, serviceAccountsEnabled }: Thing) {
  const isSilent = defaultClientScopes == null && optionalClientScopes == null
  const wanted = isSilent
    ? realm.defaultScopes
    : { default: toList(defaultClientScopes), optional: toList(optionalClientScopes) }
  const ofProtocol = [...realm.scopes.values()].filter(({ protocol }) => protocol === 'openid-connect')
  const there = new Set(ofProtocol.map(({ name }) => name))
  const present = (names: readonly unknown[]) => names.map(String).filter((name) => there.has(name))
  const ofAccount = serviceAccountsEnabled === true ? [ACCOUNT_SCOPE] : []
  return {
    defaultClientScopes: [...new Set([...present(wanted.default), ...ofAccount])],
    optionalClientScopes: present(wanted.optional),
  }
}

/** Given and taken with the service account. */
export const ACCOUNT_SCOPE = 'service_account'

function originsOf(redirectUris: unknown): readonly string[] {
  const urls = toList(redirectUris).map((uri) => URL.parse(String(uri)))
  return [...new Set(urls.flatMap((url) => (url?.protocol.startsWith('http') ? [url.origin] : [])))]
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
