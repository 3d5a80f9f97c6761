// The headers an upstream receives: what came in, less everything that is the connection's, ours, or a claim about who
// is calling; then our own, last, so that nothing on the way in can take them off again.
import type { Exchange } from '../http/exchange.ts'
import { header } from '../http/request.ts'
import { connectionOptions } from '../wire/connection-header.ts'
import { createHeaderJudge } from '../wire/header-rules.ts'

export interface UpstreamHeadersOptions {
  readonly publicUrl: URL
  /** True for the cookies of this gateway: they open a session and are nobody else's business. */
  readonly isOwnCookie: (name: string) => boolean
}

/**
 * `authorization` is a whole header value, and `tenant` the one decided on; null for none. Names and values in turn, as
 * undici takes them.
 */
export type BuildUpstreamHeaders = (
  exchange: Pick<Exchange, 'request' | 'peer'> & { readonly message: Pick<Exchange['message'], 'rawHeaders'> },
  authorization: string | null,
  tenant: string | null,
) => string[]

export function createUpstreamHeaders(options: UpstreamHeadersOptions): BuildUpstreamHeaders {
  const { publicUrl } = options
  const judge = createHeaderJudge()
  const proto = publicUrl.protocol.slice(0, -1)
  const forwardedRest = `;host="${publicUrl.host}";proto=${proto}`

  return ({ request, peer, message }, authorization, tenant) => {
    const raw = message.rawHeaders
    const named = connectionOptions(header(request, 'connection'))
    const headers: string[] = []
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at] ?? ''
      const value = raw[at + 1] ?? ''
      const rule = judge(name)
      if (rule === 'drop' || rule === 'own' || (rule === 'chain' && !peer.isTrusted)) continue
      if (named?.includes(name.toLowerCase()) === true) continue
      const kept = rule === 'cookie' ? withoutOwnCookies(value, options.isOwnCookie) : value
      if (kept !== '' || rule !== 'cookie') headers.push(name, kept)
    }
    // Where the chain names no client that can be believed, it begins anew: a proxy that writes one of the two headers
    // passes the other on as the client forged it, and an unclosed quote would swallow our part.
    const sent = peer.isTrusted && request.clientAddress !== peer.address ? request.headers : null
    headers.push(
      'x-forwarded-for',
      continued(sent?.['x-forwarded-for'], peer.address),
      'x-forwarded-proto',
      proto,
      'x-forwarded-host',
      publicUrl.host,
      'forwarded',
      continued(sent?.forwarded, peer.forwardedFor + forwardedRest),
      'x-request-id',
      request.id,
    )
    if (authorization !== null) headers.push('authorization', authorization)
    if (tenant !== null) headers.push('x-tenant', tenant)
    return headers
  }
}

/** A trusted peer's chain, and our part of it at the right end. */
function continued(sent: string | string[] | undefined, own: string): string {
  if (sent === undefined || sent === '') return own
  return `${typeof sent === 'string' ? sent : sent.join(', ')}, ${own}`
}

/** The Cookie header without our cookies; the others stay as they were sent. */
export function withoutOwnCookies(cookie: string, isOwnCookie: (name: string) => boolean): string {
  let kept = ''
  for (let start = 0; start <= cookie.length; ) {
    const semicolon = cookie.indexOf(';', start)
    const end = semicolon === -1 ? cookie.length : semicolon
    const pair = cookie.slice(start, end).trim()
    const equals = pair.indexOf('=')
    const name = equals === -1 ? pair : pair.slice(0, equals).trimEnd()
    if (pair !== '' && !isOwnCookie(name)) kept += kept === '' ? pair : `; ${pair}`
    start = end + 1
  }
  return kept
}
