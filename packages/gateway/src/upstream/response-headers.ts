// The headers a browser receives of an upstream's answer: without what belongs to the connection, without an attempt to
// set a cookie of ours, and without a word about who else may read it.
import { connectionOptions } from '../wire/connection-header.ts'

export interface ResponseHeaderRules {
  readonly isOwnCookie: (name: string) => boolean
  /** The answer is for one person: no shared cache may keep it (RFC 9111 section 5.2.2.7). */
  readonly isPersonal: boolean
}

type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Names and values in turn, as `writeHead` takes them. */
export function filterResponseHeaders(sent: UpstreamHeaders, rules: ResponseHeaderRules): string[] {
  const headers = filterTrailers(sent, rules)
  // A shared cache keeps what nobody forbids: to it a cookie is no reason not to (RFC 9111 section 3).
  if (rules.isPersonal && sent['cache-control'] === undefined) headers.push('cache-control', 'private')
  return headers
}

/** What follows the body, in the same form. */
export function filterTrailers(sent: UpstreamHeaders, rules: ResponseHeaderRules): string[] {
  const named = connectionOptions(sent.connection)
  const headers: string[] = []
  for (const name in sent) {
    const value = sent[name]
    if (value === undefined || isConnectionHeader(name) || named?.includes(name) === true) continue
    // Which front ends may read what a session opens is the configuration's to say (Fetch section 3.3).
    if (name.startsWith('access-control-')) continue
    if (typeof value !== 'string') pushAll(headers, name, value, rules)
    else push(headers, name, value, rules)
  }
  return headers
}

function pushAll(headers: string[], name: string, values: readonly string[], rules: ResponseHeaderRules): void {
  for (const value of values) push(headers, name, value, rules)
}

function push(headers: string[], name: string, value: string, rules: ResponseHeaderRules): void {
  switch (name) {
    case 'set-cookie':
      if (rules.isOwnCookie(cookieName(value))) return
      break
    case 'cache-control':
      if (rules.isPersonal) {
        headers.push(name, personalCacheControl(value))
        return
      }
      break
    default:
      if (rules.isPersonal && isForOneCache(name)) return
  }
  headers.push(name, value)
}

function isConnectionHeader(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'proxy-authenticate':
    case 'proxy-authentication-info':
    case 'te':
    case 'trailer':
    case 'transfer-encoding':
    case 'upgrade':
      return true
    default:
      return false
  }
}

/** Caches that obey these overlook Cache-Control (RFC 9213; nginx, Akamai and LiteSpeed have names of their own). */
function isForOneCache(name: string): boolean {
  switch (name) {
    case 'surrogate-control':
    case 'edge-control':
    case 'x-accel-expires':
    case 'x-litespeed-cache-control':
      return true
    default:
      return name.endsWith('cdn-cache-control')
  }
}

/** A cookie without a name is sent back as its value alone: `=a=b` reads as a cookie named `a`. */
function cookieName(setCookie: string): string {
  const pair = (setCookie.split(';', 1)[0] ?? '').replace(/^[\s=]+/, '')
  const equals = pair.indexOf('=')
  return (equals === -1 ? pair : pair.slice(0, equals)).trim()
}

/** Without leave for shared caches, and with the word that forbids them. */
export function personalCacheControl(value: string): string {
  const directives = value
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !/^(?:public|s-maxage\b.*|proxy-revalidate)$/i.test(directive))
  const isKeptOut = directives.some((directive) => /^(?:private|no-store)$/i.test(directive))
  return (isKeptOut ? directives : ['private', ...directives]).join(', ')
}
