// Paths that are the gateway's own: what its endpoints answer, and a prefix that stays reserved wherever they are moved.
import { foldPath, isFolded } from '../kernel/paths.ts'
import type { EndpointPaths } from './gateway-config.ts'
import { liesBelow } from './route-path.ts'

export const RESERVED_PREFIX = '/auth'

/** A route for everything must not answer in the gateway's place, where there is no endpoint or not yet. */
export function isReserved(path: string): boolean {
  return liesBelow(isFolded(path) ? path : foldPath(path), RESERVED_PREFIX)
}

interface EndpointsSection extends EndpointPaths {
  readonly aliases: unknown
  readonly alsoGet: unknown
}

/** Without what else stands in the section. */
export function pathsOf({ aliases: _aliases, alsoGet: _alsoGet, ...paths }: EndpointsSection): EndpointPaths {
  return paths
}

/** Below some endpoints stand names of realms. */
const ENDPOINTS_WITH_REALMS: ReadonlySet<string> = new Set(['login', 'callback', 'logout', 'loggedOut', 'token'])

/** True when `path` is the endpoint's own. */
export function isOwnedBy(endpoint: string, own: string, path: string): boolean {
  return ENDPOINTS_WITH_REALMS.has(endpoint) ? liesBelow(path, own) : path === own
}

/** The key of `endpoints` whose path this is; undefined for none. */
export function ownerOf(path: string, endpoints: EndpointPaths, aliases: readonly string[]): string | undefined {
  const endpoint = Object.entries(endpoints).find(([name, own]) => isOwnedBy(name, own, path))
  if (endpoint !== undefined) return endpoint[0]
  return aliases.includes(path) ? 'aliases' : undefined
}
