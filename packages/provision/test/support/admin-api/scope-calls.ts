// Client scopes.
import { randomUUID } from 'node:crypto'
import type { RealmState, Scope, Thing } from './realm-state.ts'
import { brokenInside, created, exists, forbidden, NO_CONTENT, notFound, ok, Refusal } from './reply.ts'
import type { Asked, Routes } from './routes.ts'

const VIEW = 'view-clients'
const MANAGE = 'manage-clients'

/** The scope that the path names. */
export function scopeOf({ realm, caller, parts }: Asked, ...needs: readonly string[]): Scope {
  const scope = realm.scopes.get(parts[0] ?? '')
  if (scope === undefined)
    throw caller.may('query-clients', VIEW) ? notFound('Could not find client scope') : forbidden()
  caller.need(...needs)
  return scope
}

export const SCOPE_CALLS: Routes = {
  'GET client-scopes': ({ realm, caller }) => {
    caller.need('query-clients', VIEW)
    return ok(caller.may(VIEW) ? [...realm.scopes.values()].map(represent) : [])
  },
  'POST client-scopes': ({ realm, caller, body, url }) => {
    caller.need(MANAGE)
    const scope = buildScope(body as Thing)
    refuseSecond(realm, scope)
    realm.scopes.set(scope.id, scope)
    return created(`${url}/${scope.id}`)
  },
  'GET client-scopes/*': (asked) => ok(represent(scopeOf(asked, VIEW))),
  'PUT client-scopes/*': (asked) => {
    const current = scopeOf(asked, MANAGE)
    const { id: _, protocolMappers: __, attributes, ...fields } = asked.body as Thing
    const scope: Scope = { ...current, ...fields, attributes: { ...current.attributes, ...(attributes ?? {}) } }
    refuseSecond(asked.realm, scope)
    replaceInClients(asked.realm, current.name, [scope.name])
    asked.realm.scopes.set(scope.id, scope)
    return NO_CONTENT
  },
  'DELETE client-scopes/*': (asked) => {
    const { id, name } = scopeOf(asked, MANAGE)
    replaceInClients(asked.realm, name, [])
    asked.realm.scopes.delete(id)
    return NO_CONTENT
  },
  'GET default-default-client-scopes': (asked) => defaultsReply(asked, 'default'),
  'GET default-optional-client-scopes': (asked) => defaultsReply(asked, 'optional'),
}

function buildScope(sent: Thing): Scope {
  const { name, description, protocol, attributes, protocolMappers } = sent
  if (protocol === undefined) throw new Refusal(400, { errorMessage: 'Unexpected protocol' })
  if (typeof name !== 'string') throw brokenInside()
  const mappers = (protocolMappers ?? []) as Scope['protocolMappers']
  return {
    id: randomUUID(),
    name,
    ...(description === undefined ? {} : { description }),
    protocol,
    attributes: { ...(attributes ?? {}) },
    protocolMappers: mappers.map((mapper) => ({ consentRequired: false, ...mapper, id: randomUUID() })),
  }
}

function represent({ protocolMappers, ...scope }: Scope): Thing {
  return { ...scope, ...(protocolMappers.length === 0 ? {} : { protocolMappers }) }
}

function refuseSecond({ scopes }: RealmState, { id, name }: Scope): void {
  const isTaken = [...scopes.values()].some((other) => other.name === name && other.id !== id)
  if (isTaken) throw exists(`Client Scope ${name} already exists`)
}

function replaceInClients({ clients }: RealmState, name: string, by: readonly string[]): void {
  for (const client of clients.values()) {
    for (const list of ['defaultClientScopes', 'optionalClientScopes'] as const) {
      client[list] = client[list].flatMap((other) => (other === name ? by : other))
    }
  }
}

function defaultsReply({ realm, caller }: Asked, kind: 'default' | 'optional') {
  caller.need(VIEW)
  const names = realm.defaultScopes[kind]
  const scopes = [...realm.scopes.values()].filter(({ name }) => names.includes(name))
  return ok(scopes.map(({ id, name, protocol }) => ({ id, name, protocol })))
}
