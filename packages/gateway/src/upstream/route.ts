// Which route owns a request. The longest path wins, and nothing falls through to a shorter one: a method the owner
// does not list is refused. Paths are compared as they came, byte by byte.
//
// An own table and not a router library: patterns are literal prefixes, and a library that decodes parameters or tries
// the next pattern when the method does not fit would have to be stopped from doing exactly that.
import { foldPath, isFolded, ownsBelow, withoutStar } from '../kernel/paths.ts'
import { isImpliedBy } from '../policy/access-policy.ts'
import type { Requirement } from '../policy/requirement.ts'

export interface RouteRule {
  /** Canonical and encoded; `/x/*` owns `/x` and everything below. */
  readonly path: string
  /** Upper case; null for all. */
  readonly methods: readonly string[] | null
  readonly require: Requirement
  /** Null: its requests are not counted. */
  readonly limit: object | null
}

export type RouteMatch<Rule> =
  | { readonly kind: 'matched'; readonly route: Rule }
  /** `allow` is the value of the `Allow` header. */
  | { readonly kind: 'method-not-allowed'; readonly route: Rule; readonly allow: string }
  /** An upstream that folds case, slashes or escapes would take it for a path with a stricter rule. */
  | { readonly kind: 'ambiguous'; readonly route: Rule | undefined }
  | { readonly kind: 'none' }

export interface RouteTable<Rule extends RouteRule> {
  /** `path` is the canonical path of a request. */
  match(method: string, path: string): RouteMatch<Rule>
}

type Matched<Rule> = Extract<RouteMatch<Rule>, { readonly kind: 'matched' }>

/** One path of the configuration and what owns it; several routes may share a path and divide its methods. */
interface Owner<Rule> {
  readonly matches: readonly Matched<Rule>[]
  readonly allow: string
}

const NONE = { kind: 'none' } as const
/** RFC 9110 section 9.3.6 and 9.3.8: no way through a gateway, whatever a route lists. */
const NEVER_FORWARDED = ['TRACE', 'CONNECT']
const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export function compileRoutes<Rule extends RouteRule>(routes: readonly Rule[]): RouteTable<Rule> {
  const owners = createOwners(routes, (path) => path)
  const foldedOwners = createOwners(routes, foldPath)
  const hasFoldedPathsOnly = routes.every(({ path }) => isFolded(withoutStar(path) || '/'))

  /** A route that the folded path meets and whose rule or limit the owner's does not imply. */
  function isAmbiguous(owner: Owner<Rule> | undefined, path: string): boolean {
    if (hasFoldedPathsOnly && isFolded(path)) return false
    const folded = foldedOwners(foldPath(path))
    if (folded === undefined) return false
    if (owner === undefined) return folded.matches.some(({ route }) => route.require !== 'none' || route.limit !== null)
    const owned = owner.matches.map(({ route }) => route)
    return folded.matches.some(({ route }) => {
      if (owned.includes(route)) return false
      return route.limit !== null || !owned.every(({ require }) => isImpliedBy(route.require, require))
    })
  }

  return {
    match(method, path) {
      const owner = owners(path)
      if (isAmbiguous(owner, path)) return { kind: 'ambiguous', route: owner?.matches[0]?.route }
      if (owner === undefined) return NONE
      for (const match of owner.matches) {
        if (takesMethod(match.route.methods, method)) return match
      }
      const route = owner.matches[0]?.route
      return route === undefined ? NONE : { kind: 'method-not-allowed', route, allow: owner.allow }
    },
  }
}

type FindOwner<Rule> = (path: string) => Owner<Rule> | undefined

function createOwners<Rule extends RouteRule>(
  routes: readonly Rule[],
  fold: (path: string) => string,
): FindOwner<Rule> {
  const exact = new Map<string, Owner<Rule>>()
  const below = new Map<string, Owner<Rule>>()
  for (const route of routes) {
    const owners = ownsBelow(route.path) ? below : exact
    const key = fold(withoutStar(route.path))
    owners.set(key, withRoute(owners.get(key), route))
  }
  return (path) => exact.get(path) ?? longestPrefix(below, path)
}

function longestPrefix<Rule>(below: ReadonlyMap<string, Owner<Rule>>, path: string): Owner<Rule> | undefined {
  let end = path.length
  while (end > 0) {
    const owner = below.get(path.slice(0, end))
    if (owner !== undefined) return owner
    end = path.lastIndexOf('/', end - 1)
  }
  return below.get('')
}

function withRoute<Rule extends RouteRule>(owner: Owner<Rule> | undefined, route: Rule): Owner<Rule> {
  const matches: readonly Matched<Rule>[] = [...(owner?.matches ?? []), { kind: 'matched', route }]
  return { matches, allow: allowOf(matches.map((match) => match.route)) }
}

function allowOf(routes: readonly RouteRule[]): string {
  const methods = new Set(routes.flatMap((route) => route.methods ?? COMMON_METHODS))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].join(', ')
}

/** Methods are case-sensitive (RFC 9110 section 9.1). HEAD is GET without the body. */
function takesMethod(methods: readonly string[] | null, method: string): boolean {
  if (NEVER_FORWARDED.includes(method)) return false
  if (methods === null || methods.includes(method)) return true
  return method === 'HEAD' && methods.includes('GET')
}
