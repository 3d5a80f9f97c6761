// Which part of a path a catch-all route of Next owns, and what becomes of it at the service.

/** What Next has found in the path, as `[id]` and `[...path]`. */
export type RouteParameters = Readonly<Record<string, string | string[] | undefined>>

/** `/api/agent` for `app/api/agent/[...path]`; the whole path where there is no catch-all. It stays as it was encoded. */
export function baseOf(pathname: string, parameters: RouteParameters): string {
  const rest = Object.values(parameters).find((value) => Array.isArray(value))
  const segments = (pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname).split('/')
  const base = segments.slice(0, segments.length - (rest?.length ?? 0)).join('/')
  return base === '' ? '/' : base
}

/** As `routes[].rewrite`: what follows `base` stays byte for byte. */
export function rewritePath(pathname: string, base: string, rewrite: string | null): string {
  if (rewrite === null) return pathname
  if (!rewrite.endsWith('/*')) return rewrite
  const rest = pathname.slice(base === '/' ? 0 : base.length)
  return rewrite.slice(0, -2) + rest || '/'
}
