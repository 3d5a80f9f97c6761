// What is asked for upstream. Works on the encoded path, so that nothing is decoded once more on the way.

/** `path` belongs to the route the rewriting was compiled for. */
export type Rewriting = (path: string) => string

/**
 * `/api/agent/*` to `/v1/agent/*`: what the star matched stays byte for byte. A `rewrite` without a star answers every
 * path with that one. The result begins with exactly one `/`: undici would take `//host` for another origin's path.
 */
export function compileRewrite(path: string, rewrite: string | null): Rewriting {
  if (rewrite === null) return (asked) => asked
  if (!rewrite.endsWith('/*')) return () => rewrite
  const prefixLength = path.endsWith('/*') ? path.length - 2 : path.length
  const replacement = rewrite.slice(0, -2)
  return (asked) => replacement + asked.slice(prefixLength) || '/'
}
