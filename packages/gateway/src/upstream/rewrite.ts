// What is asked for upstream. Works on the encoded path, so that nothing is decoded once more on the way.
import { ownsBelow, withoutStar } from '../kernel/paths.ts'

/** `path` belongs to the route the rewriting was compiled for. */
export type Rewriting = (path: string) => string

/**
 * `/api/agent/*` to `/v1/agent/*`: what the star matched stays byte for byte. A `rewrite` without a star answers every
 * path with that one. The result begins with exactly one `/`: undici would take `//host` for another origin's path.
 */
export function compileRewrite(path: string, rewrite: string | null): Rewriting {
  if (rewrite === null) return (asked) => asked
  if (!ownsBelow(rewrite)) return () => rewrite
  const prefixLength = withoutStar(path).length
  const replacement = withoutStar(rewrite)
  return (asked) => replacement + asked.slice(prefixLength) || '/'
}
