// Routes that could never answer, or not as written.
import { ownsBelow, withoutStar } from '../kernel/paths.ts'
import type { Draft, RouteDraft } from './draft.ts'
import { ownerOf, pathsOf, RESERVED_PREFIX } from './own-paths.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { liesBelow } from './route-path.ts'
import { unknownName } from './suggest.ts'

export function findRouteContradictions(draft: Draft): readonly Finding[] {
  return draft.routes.flatMap((route, index) => {
    const path = ['routes', index]
    return [
      ...findUnknownService(route, path, draft),
      ...findOwnPath(route, path, draft),
      ...findLostStar(route, path),
      ...findShadow(route, path, draft.routes.slice(0, index)),
    ]
  })
}

function findUnknownService({ service }: RouteDraft, path: ConfigPath, { services }: Draft): readonly Finding[] {
  if (service === undefined || services.has(service)) return []
  return [unknownName([...path, 'service'], 'services', service, [...services.keys()])]
}

function findOwnPath(route: RouteDraft, path: ConfigPath, { sections }: Draft): readonly Finding[] {
  if (route.path === undefined) return []
  const owned = withoutStar(route.path)
  const key = [...path, 'path']
  // Case does not count: a service that folds it would answer in the gateway's place.
  if (liesBelow(owned.toLowerCase(), RESERVED_PREFIX)) {
    return [contradiction(key, `${RESERVED_PREFIX} and everything below it belongs to the gateway`)]
  }
  if (sections.endpoints === undefined) return []
  const owner = ownerOf(owned, pathsOf(sections.endpoints), Object.keys(sections.endpoints.aliases))
  return owner === undefined ? [] : [contradiction(key, `the gateway itself answers here (endpoints.${owner})`)]
}

function findLostStar(route: RouteDraft, path: ConfigPath): readonly Finding[] {
  if (route.path === undefined || route.rewrite === undefined) return []
  if (ownsBelow(route.path) || !ownsBelow(route.rewrite)) return []
  return [contradiction([...path, 'rewrite'], 'its * stands for nothing, because path has none')]
}

// The longest path owns a request, so only a route with the same path can take it away.
function findShadow(route: RouteDraft, path: ConfigPath, earlier: readonly RouteDraft[]): readonly Finding[] {
  const index = earlier.findIndex((other) => other.path === route.path && takesOneOf(other, route))
  if (route.path === undefined || index === -1) return []
  const message = `routes[${index}] has the same path and takes the same methods first`
  return [contradiction([...path, 'path'], message, 'give each its own methods')]
}

function takesOneOf({ methods: first }: RouteDraft, { methods: second }: RouteDraft): boolean {
  if (first === undefined || second === undefined) return true
  return second.some((method) => first.includes(method) || (method === 'HEAD' && first.includes('GET')))
}
