// What a path becomes for an upstream that cares less than we do: one that ignores case, decodes escapes or drops the
// last slash. Only compared, never forwarded.

/** Case, escapes, compatibility characters and a trailing slash removed. `path` is canonical. */
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
