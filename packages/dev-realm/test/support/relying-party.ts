// A client of the realm by hand: what a gateway sends, one step at a time.
import { createHash, randomUUID } from 'node:crypto'
import { type DevClient, type DevRealm, type DevRealmOptions, startDevRealm } from '@doorman/dev-realm'
import { decodeJwt, type JWTPayload } from 'jose'
import { type Browser, type BrowserAnswer, createBrowser } from '../../src/browser.ts'

export const REDIRECT_URI = 'http://localhost:4000/auth/callback'
export const CODE_VERIFIER = 'v'.repeat(50)
export const PERSON = (username: string) => ({ username, password: '' })

export const WEB_GATEWAY: DevClient = {
  clientId: 'web-gateway',
  secret: 'web-gateway-test-secret',
  redirectUris: [REDIRECT_URI],
  postLogoutRedirectUris: ['http://localhost:4000/auth/logged-out'],
}
export const OTHER_GATEWAY: DevClient = { ...WEB_GATEWAY, clientId: 'other-gateway', secret: 'other-secret' }

export function startRealm(options: Partial<DevRealmOptions> = {}): Promise<DevRealm> {
  return startDevRealm({ clients: [WEB_GATEWAY, OTHER_GATEWAY], ...options })
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly json: Record<string, unknown>
}

export function authorizationUrl(realm: DevRealm, changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    client_id: 'web-gateway',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: REDIRECT_URI,
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(CODE_VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value)
  return `${realm.issuer}/protocol/openid-connect/auth?${query}`
}

/** Navigates until a page comes, or a redirect that leaves the realm; nothing listens there. */
export async function browse(browser: Browser, url: string): Promise<BrowserAnswer> {
  let answer = await browser.navigate(url)
  for (let location = answer.headers.get('location'); location !== null; location = answer.headers.get('location')) {
    if (location.startsWith(REDIRECT_URI) || location.startsWith('http://localhost:4000/')) return answer
    answer = await browser.navigate(new URL(location, answer.url).href)
  }
  return answer
}

/** Posts a form of the page the browser is on, and browses on. */
export async function submit(
  browser: Browser,
  page: BrowserAnswer,
  fields: Record<string, string>,
): Promise<BrowserAnswer> {
  const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(page.body) ?? []
  const answer = await browser.navigate(new URL(action, page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })
  const location = answer.headers.get('location')
  if (location === null || location.startsWith('http://localhost:4000/')) return answer
  return browse(browser, location)
}

export function responseOf(answer: BrowserAnswer): URLSearchParams {
  return new URL(answer.headers.get('location') ?? 'http://nowhere.invalid').searchParams
}

export async function logIn(
  realm: DevRealm,
  username = 'alice',
  changes = {},
  browser = createBrowser(),
): Promise<URLSearchParams> {
  const page = await browse(browser, authorizationUrl(realm, changes))
  return responseOf(page.status === 200 ? await submit(browser, page, { user: username }) : page)
}

export async function post(
  realm: DevRealm,
  path: string,
  fields: Readonly<Record<string, string | undefined>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const credentials = { client_id: WEB_GATEWAY.clientId, client_secret: WEB_GATEWAY.secret }
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...credentials, ...fields }))
    if (value !== undefined) body.set(name, value)
  const answer = await fetch(`${realm.issuer}/protocol/openid-connect/${path}`, { method: 'POST', body, headers })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
  return { status: answer.status, headers: answer.headers, json: isJson && text !== '' ? JSON.parse(text) : {} }
}

export function redeem(
  realm: DevRealm,
  code: string | null,
  changes: Readonly<Record<string, string | undefined>> = {},
  authorization?: string,
): Promise<TokenAnswer> {
  const fields = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: CODE_VERIFIER }
  const headers = authorization === undefined ? {} : { authorization }
  return post(realm, 'token', { ...fields, code: code ?? undefined, ...changes }, headers)
}

export function refresh(
  realm: DevRealm,
  refreshToken: unknown,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<TokenAnswer> {
  return post(realm, 'token', { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...changes })
}

/** A complete login of a new browser; the JSON of the token response. */
export async function obtainTokens(
  realm: DevRealm,
  username = 'alice',
  changes = {},
  browser = createBrowser(),
): Promise<Record<string, unknown>> {
  const response = await logIn(realm, username, changes, browser)
  return (await redeem(realm, response.get('code'))).json
}

export function claimsOf(token: unknown): JWTPayload & Record<string, unknown> {
  return decodeJwt(String(token))
}

export function introspect(realm: DevRealm, token: unknown): Promise<TokenAnswer> {
  return post(realm, 'token/introspect', { token: String(token) })
}

export const uniqueId = randomUUID
