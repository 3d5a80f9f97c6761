// The one path of a request, decided before anything is matched. What two parsers could read differently is refused,
// so that the route that was authorised is the route that is forwarded. Never decodes what goes on.
import { isUtf8Path } from '../kernel/paths.ts'

export type TargetReading =
  | { readonly kind: 'canonical'; readonly path: string; readonly search: string }
  | { readonly kind: 'refused'; readonly because: string }

const SLASH = 0x2f
const DOT = 0x2e
const PERCENT = 0x25
const QUESTION = 0x3f
const HASH = 0x23
const SEMICOLON = 0x3b
const BACKSLASH = 0x5c
const SPACE = 0x20
const DELETE = 0x7f

const ABSOLUTE = refused('not in origin form')
const EMPTY_SEGMENT = refused('empty segment')
const DOT_SEGMENT = refused('dot segment')
const RAW_BYTE = refused('raw byte')
const BAD_ESCAPE = refused('bad escape')
const ENCODED_SEPARATOR = refused('encoded separator')
const BAD_QUERY = refused('raw byte in the query')

/** Reads a request target in origin form (RFC 9112 section 3.2.1). One pass, no decoding. */
export function parseTarget(target: string): TargetReading {
  if (target.charCodeAt(0) !== SLASH) return ABSOLUTE
  const length = target.length
  let segmentLength = 0
  let dots = 0
  let hasHighBytes = false
  let at = 1
  for (; at < length; at += 1) {
    const code = target.charCodeAt(at)
    if (code === QUESTION) break
    if (code === SLASH) {
      if (segmentLength === 0) return EMPTY_SEGMENT
      if (segmentLength === dots && dots <= 2) return DOT_SEGMENT
      segmentLength = 0
      dots = 0
      continue
    }
    let byte = code
    if (code === PERCENT) {
      byte = readEscape(target, at)
      if (byte === -1) return BAD_ESCAPE
      if (isSeparatorByte(byte) || isDoubleEncoded(target, at, byte)) return ENCODED_SEPARATOR
      if (byte >= 0x80) hasHighBytes = true
      at += 2
    } else if (isForbiddenRaw(code)) return RAW_BYTE
    segmentLength += 1
    if (byte === DOT) dots += 1
  }
  if (segmentLength > 0 && segmentLength === dots && dots <= 2) return DOT_SEGMENT
  if (at === length && !hasHighBytes) return { kind: 'canonical', path: target, search: '' }
  return finish(target, at, hasHighBytes)
}

function finish(target: string, end: number, hasHighBytes: boolean): TargetReading {
  const path = target.slice(0, end)
  if (hasHighBytes && !isUtf8Path(path)) return BAD_ESCAPE
  for (let at = end; at < target.length; at += 1) {
    const code = target.charCodeAt(at)
    if (code <= SPACE || code >= DELETE || code === HASH) return BAD_QUERY
  }
  return { kind: 'canonical', path, search: target.slice(end) }
}

function isForbiddenRaw(code: number): boolean {
  return code <= SPACE || code >= DELETE || code === BACKSLASH || code === SEMICOLON || code === HASH
}

/** Bytes that must not hide behind an escape: `/`, `\`, `;` and control bytes. */
function isSeparatorByte(byte: number): boolean {
  return byte < SPACE || byte === SLASH || byte === BACKSLASH || byte === SEMICOLON || byte === DELETE
}

/** `%252f`: a slash to whoever decodes twice. */
function isDoubleEncoded(target: string, at: number, byte: number): boolean {
  if (byte !== PERCENT) return false
  const first = hexDigit(target.charCodeAt(at + 3))
  const second = hexDigit(target.charCodeAt(at + 4))
  if (first === -1 || second === -1) return false
  const inner = first * 16 + second
  return isSeparatorByte(inner) || inner === DOT || inner === PERCENT
}

function readEscape(target: string, at: number): number {
  const first = hexDigit(target.charCodeAt(at + 1))
  const second = hexDigit(target.charCodeAt(at + 2))
  return first === -1 || second === -1 ? -1 : first * 16 + second
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function refused(because: string): TargetReading {
  return { kind: 'refused', because }
}
