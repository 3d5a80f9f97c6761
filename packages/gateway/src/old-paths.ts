// The gateway's own endpoints at further paths, for front ends that know them by other names and send what they always
// sent.
import type { AliasTarget, GatewayConfig } from './config/gateway-config.ts'
import type { GatewayRequest } from './http/request.ts'
import type { Endpoint } from './routes.ts'

/** By path: `endpoints`, and those that stand at other paths as well. Second realms' tokens have entries of their own. */
export function addAliases(
  endpoints: ReadonlyMap<string, Endpoint>,
  { aliases, endpoints: paths }: GatewayConfig,
): ReadonlyMap<string, Endpoint> {
  const further = aliases.flatMap(({ path, target }) => {
    if (target.kind === 'token') return []
    const endpoint = endpoints.get(paths[target.endpoint])
    if (endpoint === undefined) throw new TypeError(`no endpoint ${target.endpoint}`)
    return [[path, understandOld(endpoint, target)] as const]
  })
  return new Map([...endpoints, ...further])
}

/** The same endpoint for requests in older words. */
export function understandOld(endpoint: Endpoint, target: AliasTarget): Endpoint {
  return { ...endpoint, answer: (request, readForm) => endpoint.answer(translate(request, target), readForm) }
}

/** Without `sid`, which once opened a session and opens nothing here, and with our name for where to return to. */
function translate(request: GatewayRequest, target: AliasTarget): GatewayRequest {
  const returnTo = target.kind === 'endpoint' ? target.returnTo : null
  const query = [...new URLSearchParams(request.search)]
    .filter(([name]) => name !== 'sid')
    .map(([name, value]): [string, string] => [name === returnTo ? 'return_to' : name, value])
  return { ...request, search: query.length === 0 ? '' : `?${new URLSearchParams(query)}` }
}
