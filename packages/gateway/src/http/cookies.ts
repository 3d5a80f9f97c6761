// Cookies as only ours can be. Path, HttpOnly and the missing Domain are not options and Secure follows from the prefix,
// so that a `__Host-` name can never go out with attributes that make a browser drop it (RFC 6265bis section 4.1.3.2).

export type Cookie =
  | {
      readonly prefix: '__Host-Http-' | '__Host-'
      readonly base: string
      /** `None` is for fetches of a front end on another site alone. Browsers take it with `Secure` only. */
      readonly sameSite: 'Lax' | 'None'
    }
  /** For plain http on loopback alone. */
  | { readonly prefix: ''; readonly base: string; readonly sameSite: 'Lax' }

export type SetCookieHeader = readonly ['set-cookie', string]

/** Octets of name and value together that every browser keeps (RFC 6265bis section 5.6). */
const COOKIE_MAX_BYTES = 4096

export function cookieName(cookie: Cookie): string {
  return cookie.prefix + cookie.base
}

export function fitsCookie(cookie: Cookie, value: string): boolean {
  return cookieName(cookie).length + value.length <= COOKIE_MAX_BYTES
}

/** `maxAgeSeconds` null: until the browser is closed. Values are base64url, so nothing needs escaping. */
export function buildSetCookie(cookie: Cookie, value: string, maxAgeSeconds: number | null): SetCookieHeader {
  if (!/^[\w-]+$/.test(value)) throw new TypeError(`the value of cookie ${cookieName(cookie)} is not base64url`)
  if (!fitsCookie(cookie, value)) throw new TypeError(`cookie ${cookieName(cookie)} is too large`)
  return serialise(cookie, value, maxAgeSeconds)
}

/** Repeats every attribute of the cookie it clears; browsers keep a cookie whose clearing differs. */
export function buildClearCookie(cookie: Cookie): SetCookieHeader {
  return serialise(cookie, '', 0)
}

function serialise(cookie: Cookie, value: string, maxAgeSeconds: number | null): SetCookieHeader {
  const maxAge = maxAgeSeconds === null ? '' : `; Max-Age=${maxAgeSeconds}`
  const secure = cookie.prefix === '' ? '' : '; Secure'
  return [
    'set-cookie',
    `${cookieName(cookie)}=${value}; Path=/${maxAge}; HttpOnly${secure}; SameSite=${cookie.sameSite}`,
  ]
}

/**
 * The value of one cookie. Undefined when it is absent, and also when it was sent twice: then somebody else has set
 * one of them (cookie tossing). Makes no list of the others: every request through the proxy comes by here.
 */
export function readCookie(cookieHeader: string | undefined, name: string): string | undefined {
  if (cookieHeader === undefined) return undefined
  const start = `${name}=`
  let value: string | undefined
  for (let at = cookieHeader.indexOf(start); at !== -1; at = cookieHeader.indexOf(start, at + start.length)) {
    if (!beginsPair(cookieHeader, at)) continue
    if (value !== undefined) return undefined
    const end = cookieHeader.indexOf(';', at)
    value = cookieHeader.slice(at + start.length, end === -1 ? undefined : end).trimEnd()
  }
  return value
}

function beginsPair(cookieHeader: string, at: number): boolean {
  let before = at - 1
  while (cookieHeader[before] === ' ' || cookieHeader[before] === '\t') before -= 1
  return before < 0 || cookieHeader[before] === ';'
}

/** Names that begin with the prefix, each once. */
export function cookieNames(cookieHeader: string | undefined, prefix: string): readonly string[] {
  if (cookieHeader === undefined) return []
  const names = cookieHeader.split(';').map((pair) => pair.split('=', 1)[0]?.trim() ?? '')
  return [...new Set(names.filter((name) => name.startsWith(prefix)))]
}
