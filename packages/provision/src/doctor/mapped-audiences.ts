// For whom a client's access tokens are, by the mappers of the client and of its default scopes.
import { observeScope } from '../keycloak/observe-client.ts'
import type { ObservedMapper } from '../keycloak/observed.ts'
import type { ClientFacts } from './client-facts.ts'

/** Undefined: it cannot be seen. */
export async function mappedAudiences({ look, realm }: ClientFacts): Promise<readonly string[] | undefined> {
  const [seen, way] = [await look(), await realm.access()]
  if (seen.kind !== 'seen' || way.kind !== 'open') return undefined
  const scopes = (await way.admin.scopes.list()).map(observeScope)
  const assigned = scopes.filter(({ name }) => seen.client.defaultScopes.includes(name))
  return [seen.client, ...assigned].flatMap(({ mappers }) => [...mappers.values()].flatMap(audienceOf))
}

function audienceOf({ protocolMapper, config }: Pick<ObservedMapper, 'protocolMapper' | 'config'>): readonly string[] {
  if (protocolMapper !== 'oidc-audience-mapper' || config['access.token.claim'] !== 'true') return []
  const audience = config['included.client.audience'] || config['included.custom.audience']
  return audience === undefined || audience === '' ? [] : [audience]
}
