// For whom a client's access tokens are, by the mappers of the client and of its default scopes.
import { isProvisionError } from '../errors.ts'
import { observeScope } from '../keycloak/observe-client.ts'
import type { ObservedMapper } from '../keycloak/observed.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import type { ClientFacts } from './client-facts.ts'

/** With the optional scopes that are `asked` for. Undefined: it cannot be seen. */
export async function mappedAudiences(
  { look, realm }: ClientFacts,
  asked: readonly string[] = [],
): Promise<readonly string[] | undefined> {
  const [seen, way] = [await look(), await realm.access()]
  if (seen.kind !== 'seen' || way.kind !== 'open') return undefined
  const scopes = await listScopes(way.admin)
  if (scopes === undefined) return undefined
  const { defaultScopes, optionalScopes } = seen.client
  const applied = [...defaultScopes, ...optionalScopes.filter((name) => asked.includes(name))]
  const assigned = scopes.filter(({ name }) => applied.includes(name))
  return [seen.client, ...assigned].flatMap(({ mappers }) => [...mappers.values()].flatMap(audienceOf))
}

async function listScopes({ scopes }: RealmAdmin) {
  try {
    return (await scopes.list()).map(observeScope)
  } catch (error) {
    if (isProvisionError(error)) return undefined
    throw error
  }
}

function audienceOf({ protocolMapper, config }: Pick<ObservedMapper, 'protocolMapper' | 'config'>): readonly string[] {
  if (protocolMapper !== 'oidc-audience-mapper' || config['access.token.claim'] !== 'true') return []
  const audience = config['included.client.audience'] || config['included.custom.audience']
  return audience === undefined || audience === '' ? [] : [audience]
}
