// What a request is for, by Fetch Metadata (W3C). Values we do not know count as absent: they prove nothing.
import { type GatewayRequest, header } from './request.ts'

export type RequestUse =
  /** A top-level document. */
  | 'document'
  /** A document inside another one: iframe, object, embed. */
  | 'frame'
  /** Fetch, image, script and everything else a page loads. */
  | 'fetch'
  /** The browser does not say, or it is no browser. */
  | 'unknown'

/** Whose a GET is that changes something. */
export type ChangingGetOrigin =
  /** A page of ours, or somebody who typed the address in. */
  | 'own'
  /** A page of somebody else, with a person in front of it who can be asked. */
  | 'elsewhere'
  | 'refused'

type Headers = Pick<GatewayRequest, 'headers'>

const FETCH_MODES: ReadonlySet<string> = new Set(['cors', 'no-cors', 'same-origin', 'websocket', 'webtransport'])

export function requestUse(request: Headers): RequestUse {
  const mode = header(request, 'sec-fetch-mode')
  if (mode === undefined) return 'unknown'
  if (FETCH_MODES.has(mode)) return 'fetch'
  if (mode !== 'navigate') return 'unknown'
  const destination = header(request, 'sec-fetch-dest')
  return destination === undefined || destination === 'document' ? 'document' : 'frame'
}

/** True when a person will see the answer as a page: then a page or a redirect answers, else a problem document. */
export function isNavigation(request: Headers): boolean {
  const use = requestUse(request)
  if (use !== 'unknown') return use === 'document'
  return (header(request, 'accept') ?? '').toLowerCase().includes('text/html')
}

/** True unless the browser says that the answer is not for a top-level document. */
export function mayBeDocument(request: Headers): boolean {
  const use = requestUse(request)
  return use === 'document' || use === 'unknown'
}

/** What a browser fetches or renders in case somebody asks for it: links of the page, an address half typed in. */
export function isAheadOfTime(request: Headers): boolean {
  const words = ['sec-purpose', 'purpose', 'x-moz'].map((name) => header(request, name) ?? '')
  return words.some((word) => /prefetch|prerender|preview/i.test(word))
}

/**
 * True when a page of another origin asks. Fetch Metadata or an Origin that is not listed each suffice; a listed
 * Origin answers for `same-site` and `cross-site`.
 */
export function isForeign(request: Headers, origins: readonly string[]): boolean {
  const origin = header(request, 'origin')
  if (origin !== undefined) return !origins.includes(origin)
  const site = header(request, 'sec-fetch-site')
  return site === 'cross-site' || site === 'same-site'
}
