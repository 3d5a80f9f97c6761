// Which origins a browser counts as one site: scheme and registrable domain.
import { getDomain } from 'tldts'

/** Browsers send `SameSite=Lax` and `SameSite=Strict` cookies between these two origins. */
export function isSameSite(a: string, b: string): boolean {
  return siteOf(a) === siteOf(b)
}

// An address and a name such as `localhost` have no registrable domain: there the host itself is the site.
function siteOf(origin: string): string {
  const { protocol, hostname } = new URL(origin)
  return `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`
}
