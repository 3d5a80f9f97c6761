// Callers with bearer tokens, the routes that take them, and how they are turned away.
import assert from 'node:assert/strict'
import { type GatewayAnswer, statusOf } from './flow.ts'
import { askAsClient, type PairStage, setClient, tokenSent } from './pair-stage.ts'

const SERVICE_ACCOUNT = { realmRoles: ['robot'], clientRoles: {} }
const ROUTES = `
  - { path: "/either/*", service: agent, require: { login: true, via: [session, bearer] } }
  - { path: "/bearer/*", service: reports, require: { login: true, via: [bearer] } }
  - { path: "/exchanged/*", service: billing, require: { login: true, via: [bearer] } }
  - { path: "/models/*", service: models, require: { login: true, via: [session, bearer] } }
  - { path: "/robots/*", service: reports, require: { roles: [robot], via: [bearer] } }
  - { path: "/scoped/*", service: reports, require: { scopes: [email, invoices], via: [bearer] } }
  - { path: "/session/*", service: reports, require: { login: true } }
  - { path: "/open/*", service: feed, require: none }
`
export const BEARERS = { routes: ROUTES }

export const authorizationOf = (token: string) => ({ authorization: `Bearer ${token}` })

/** An access token as a mobile app has it: of a person, for the gateway. No service has received anything yet. */
export async function aliceToken(stage: PairStage): Promise<string> {
  const alice = await stage.loggedIn()
  assert.equal(await statusOf(stage, alice, '/session/x'), 200)
  const token = tokenSent(stage) ?? ''
  stage.upstream.forget()
  return token
}

/** The realm's answer to client credentials of one of its clients. */
export function robotTokens(stage: PairStage, clientId: string, scope = ''): Promise<Readonly<Record<string, string>>> {
  setClient(stage.realm, clientId, { serviceAccount: SERVICE_ACCOUNT })
  return askAsClient(stage.realm, 'token', clientId, { grant_type: 'client_credentials', scope })
}

/** `error` empty: the challenge has none. */
export function assertBearerRefused(
  stage: PairStage,
  answer: GatewayAnswer,
  status: number,
  code: string,
  error: string,
): void {
  assert.equal(answer.status, status, answer.body)
  assert.equal(JSON.parse(answer.body).code, code)
  const { host } = new URL(stage.publicUrl)
  assert.equal(answer.headers['www-authenticate'], `Bearer realm="${host}"${error === '' ? '' : `, error="${error}"`}`)
  assert.deepEqual(stage.upstream.received, [])
}
