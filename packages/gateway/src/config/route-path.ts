// The form a route's path is written in, so that it compares byte by byte with the canonical path of a request.
import { foldPath, isUtf8Path, ownsBelow, withoutStar } from '../kernel/paths.ts'

const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()+,=:@-]|%[0-9A-F]{2})+$/
// What parsers read differently is refused in requests, so no route can be written that way: dot segments, and behind
// an escape separators, `%`, control bytes and what needs no escape (RFC 3986 section 2.3).
const AMBIGUOUS = /^\.{1,2}$|%(?:[01].|2[5DEF]|3[0-9B]|[46][1-9A-F]|[57][0-9A]|5[CF]|7[EF])/

/** The path itself, or undefined. */
export function parseRoutePath(value: string): string | undefined {
  if (value === '/' || value === '/*') return value
  const [first, ...segments] = withoutStar(value).split('/')
  const closed = !ownsBelow(value) && segments.length > 1 && segments.at(-1) === '' ? segments.slice(0, -1) : segments
  const isCanonical = first === '' && closed.length > 0 && closed.every(isCanonicalSegment)
  return isCanonical && isUtf8Path(value) ? value : undefined
}

function isCanonicalSegment(segment: string): boolean {
  return SEGMENT.test(segment) && !AMBIGUOUS.test(segment)
}

export function liesBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** What is left of a route's path when case, slashes and escapes do not count. */
export function foldRoutePath(path: string): string {
  const folded = foldPath(withoutStar(path))
  return ownsBelow(path) ? `${folded}/*` : folded
}
