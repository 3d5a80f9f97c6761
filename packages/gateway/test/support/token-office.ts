// Services that may, or may not, ask for the tokens of second realms at `/auth/token/{realm}`.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { Browser } from '@doorman/dev-realm/browser'
import { askGateway, type GatewayAnswer, statusOf } from './flow.ts'
import { type PairStage, REALMS, SERVICES, tokenSent } from './pair-stage.ts'

export const SECRET = 'secret-of-the-asker'
export const STRANGERS_SECRET = 'secret-of-a-stranger'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const SIGNERS_KEY = privateKey
const JWK = JSON.stringify(publicKey.export({ format: 'jwk' }))

const NAMES = ['asker', 'signer', 'stranger', 'agent', 'reports', 'billing', 'jobs', 'grants', 'models']
export const OFFICE = {
  realms: `${REALMS.replace(/obtain: { jwtGrant.*/, '$&\n    services: [asker, signer]')
    .replace('obtain: clientCredentials', 'obtain: clientCredentials\n    services: [asker]')
    .replace(/obtain: { login.*/, '$&\n    services: [asker]\n    dangerouslyGiveToBrowser: true')}`,
  services: `${SERVICES}
  asker: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${SECRET} } }
  stranger: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${STRANGERS_SECRET} } }
  signer: { url: "\${UPSTREAM}", credential: internal, auth: { publicKey: '${JWK}', algorithm: ES256 } }
`,
  routes: `${NAMES.map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`).join('')}
  - { path: "/bearer/*", service: asker, require: { login: true, via: [bearer] } }`,
}

export async function sentTo(stage: PairStage, browser: Browser, service: string): Promise<string> {
  assert.equal(await statusOf(stage, browser, `/${service}/x`), 200, service)
  return tokenSent(stage) ?? ''
}

export const basic = (name: string, secret: string) => ({ authorization: `Basic ${btoa(`${name}:${secret}`)}` })
export const FORM_HEADERS = { 'content-type': 'application/x-www-form-urlencoded' }

export function askToken(
  stage: PairStage,
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = basic('asker', SECRET),
  realm = 'grants',
): Promise<GatewayAnswer> {
  const body = Buffer.from(typeof form === 'string' ? form : new URLSearchParams(form).toString())
  return askGateway(stage, `/auth/token/${realm}`, { method: 'POST', headers: { ...FORM_HEADERS, ...headers }, body })
}

export function assertTokenRefused(answer: GatewayAnswer, status: number, error: string): void {
  assert.deepEqual([answer.status, JSON.parse(answer.body).error], [status, error])
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.doesNotMatch(answer.body, /eyJ[\w-]+\./)
}
