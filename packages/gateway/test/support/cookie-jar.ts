// The cookies of one browser. It refuses what a browser would refuse, and what none of our answers may hold.
import assert from 'node:assert/strict'
import type { Reply } from '../../src/http/reply.ts'
import type { GatewayRequest } from '../../src/http/request.ts'

export const NAVIGATION = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'same-origin',
}
export const FROM_REALM = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' }
export const FETCH = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }

type Headers = Readonly<Record<string, string>>

export interface CookieJar {
  readonly cookies: Map<string, string>
  /** A request with this browser's cookies. `headers` are those of a top-level navigation unless given. */
  request(url: string, headers?: Headers, method?: string): GatewayRequest
  /** Keeps what the answer sets, and returns it. */
  take(reply: Reply): Reply
}

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, string>()
  return {
    cookies,
    request(url, headers = NAVIGATION, method = 'GET') {
      const { pathname, search } = new URL(url, 'https://app.example')
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const sent = cookie === '' ? headers : { ...headers, cookie }
      return { id: 'request-1', method, path: pathname, search, headers: sent, clientAddress: '192.0.2.1' }
    },
    take(reply) {
      for (const value of setCookies(reply)) keep(cookies, value)
      return reply
    },
  }
}

/** The values of an answer's Set-Cookie headers; fails when one cookie is set twice. */
export function setCookies(reply: Reply): readonly string[] {
  const values = reply.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)
  const names = values.map((value) => value.split('=', 1)[0])
  assert.equal(new Set(names).size, names.length, `a cookie is set twice: ${names}`)
  return values
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const [name = '', value = ''] = pair.split('=')
  const fixed = attributes.filter((attribute) => !attribute.startsWith('Max-Age='))
  const secure = name.startsWith('__Host-') ? ['Secure'] : []
  assert.deepEqual(fixed, ['Path=/', 'HttpOnly', ...secure, 'SameSite=Lax'])
  assert.ok(pair.length <= 4097, `${name} has ${pair.length} octets`)
  if (attributes.includes('Max-Age=0')) cookies.delete(name)
  else cookies.set(name, value)
}

export function headerOf(reply: Reply, name: string): string | undefined {
  return reply.headers.find(([other]) => other === name)?.[1]
}

export function locationOf(reply: Reply): string {
  assert.equal(reply.status, 303)
  return headerOf(reply, 'location') ?? ''
}
