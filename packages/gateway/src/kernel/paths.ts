// Paths as routes write them and requests bring them, always encoded.

/** `/x/*` owns `/x` and everything below. */
export function ownsBelow(path: string): boolean {
  return path.endsWith('/*')
}

/** `/x` of `/x/*`; the empty string of `/*`. */
export function withoutStar(path: string): string {
  return ownsBelow(path) ? path.slice(0, -2) : path
}

/** Whether what the escapes stand for is UTF-8: overlong forms are a slash to some decoders and rubbish to others. */
export function isUtf8Path(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/**
 * What a path becomes for an upstream that cares less than we do: case, escapes, compatibility characters and a
 * trailing slash removed. `path` is canonical. Only compared, never forwarded.
 */
export function foldPath(path: string): string {
  const isEscaped = path.includes('%')
  const decoded = isEscaped ? decodeURIComponent(path).normalize('NFKC') : path
  const folded = decoded.toLowerCase()
  return folded.length > 1 && folded.endsWith('/') ? folded.slice(0, -1) : folded
}

/** True when folding changes nothing, found out without making a string. */
export function isFolded(path: string): boolean {
  const last = path.length - 1
  for (let at = 0; at <= last; at += 1) {
    const code = path.charCodeAt(at)
    if (code === 0x25 || (code >= 0x41 && code <= 0x5a)) return false
  }
  return last === 0 || path.charCodeAt(last) !== 0x2f
}
