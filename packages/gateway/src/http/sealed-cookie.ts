// Cookies whose content is ours alone: sealed under the cookie's name, so that a value moved to another name is refused.
import type { Sealer } from '../kernel/seal.ts'
import { type Cookie, cookieName, readCookie } from './cookies.ts'
import { type GatewayRequest, header } from './request.ts'

/** What a sealed cookie holds: JSON with a format version. */
export interface SealedContent {
  readonly format: number
}

export function sealCookieValue(cookie: Cookie, content: SealedContent, sealer: Sealer): string {
  return sealer.seal(Buffer.from(JSON.stringify(content)), cookieName(cookie)).toString('base64url')
}

/** Undefined when the cookie is absent, doubled, forged, under a key that has gone, or of another format. */
export function openCookie<T extends SealedContent>(
  request: Pick<GatewayRequest, 'headers'>,
  cookie: Cookie,
  format: T['format'],
  sealer: Sealer,
): T | undefined {
  const value = readCookie(header(request, 'cookie'), cookieName(cookie))
  if (value === undefined) return undefined
  const opened = sealer.open(Buffer.from(value, 'base64url'), cookieName(cookie))
  if (opened.kind !== 'opened') return undefined
  const content = JSON.parse(opened.plaintext.toString()) as T
  return content.format === format ? content : undefined
}
