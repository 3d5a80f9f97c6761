// Asks a real Keycloak what a client asks, without a gateway in between.
import { createHash, randomBytes } from 'node:crypto'
import { type Browser, createBrowser, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { changeRealm, clientPath } from './keycloak-realm.ts'

export type Fields = Readonly<Record<string, string>>

export interface KeycloakAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, string>
}

export const DRIVER = { client_id: 'test-driver', client_secret: 'test-driver-test-secret' }
export const WEB_GATEWAY = { client_id: 'web-gateway', client_secret: 'web-gateway-test-secret' }
export const REDIRECT_URI = 'http://localhost:4000/auth/callback'
export const LOGGED_OUT_URI = 'http://localhost:4000/auth/logged-out'

export interface KeycloakClient {
  endpoint(name: string, realm?: string): string
  post(url: string, form: Fields | string, headers?: Fields): Promise<KeycloakAnswer>
  /** The token endpoint; as `DRIVER` unless given. */
  ask(form: Fields, client?: Fields): Promise<KeycloakAnswer>
  refresh(refreshToken: string | undefined, client?: Fields): Promise<KeycloakAnswer>
  /** Alice's tokens for `DRIVER`, by her password. */
  logIn(): Promise<KeycloakAnswer['body']>
  authorizationUrl(parameters: Fields): string
  /** Somebody's browser that has logged in at Keycloak, and what redeems its code for `WEB_GATEWAY`. */
  obtainCode(username?: string, parameters?: Fields): Promise<{ browser: Browser; redemption: Fields }>
}

export const passwordOf = (username: string): Fields => ({
  grant_type: 'password',
  username,
  password: `${username}-test-password`,
})

/** `web-gateway` gets the URIs above and a mapping of acr; returns the function that puts it back. */
export async function registerClient(keycloak: Keycloak): Promise<() => Promise<void>> {
  return changeRealm(keycloak, await clientPath(keycloak, 'web-gateway'), {
    redirectUris: [REDIRECT_URI],
    attributes: { 'post.logout.redirect.uris': LOGGED_OUT_URI, 'acr.loa.map': '{"silver":"1","gold":"2"}' },
  })
}

export function createKeycloakClient(keycloak: Keycloak): KeycloakClient {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const client: KeycloakClient = {
    endpoint: (name, realm = 'main') => `${keycloak.issuer(realm)}/protocol/openid-connect/${name}`,
    async post(url, fields, headers = {}) {
      const body = new URLSearchParams(fields).toString()
      const response = await fetch(url, { method: 'POST', headers: { ...form, ...headers }, body })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
    },
    ask: (fields, as = DRIVER) => client.post(client.endpoint('token'), { ...as, ...fields }),
    refresh: (refreshToken, as) => client.ask({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '' }, as),
    logIn: async () => (await client.ask({ ...passwordOf('alice'), scope: 'openid' })).body,
    authorizationUrl(parameters) {
      const usual = { client_id: 'web-gateway', redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid' }
      return `${client.endpoint('auth')}?${new URLSearchParams({ ...usual, state: 'any', ...parameters })}`
    },
    async obtainCode(username = 'alice', parameters = {}) {
      const browser = createBrowser()
      const verifier = randomBytes(32).toString('base64url')
      let page = await browser.navigate(client.authorizationUrl({ ...challengeOf(verifier), ...parameters }))
      for (const fields of [{ username }, { password: `${username}-test-password` }]) {
        const body = new URLSearchParams(fields).toString()
        page = await browser.navigate(findLoginForm(page)?.action ?? '', { method: 'POST', headers: form, body })
      }
      const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? ''
      const redemption = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier }
      return { browser, redemption }
    },
  }
  return client
}

export function challengeOf(verifier: string): Fields {
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { code_challenge: challenge, code_challenge_method: 'S256' }
}
