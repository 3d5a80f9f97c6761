// What front ends of two gateways people write by themselves go by, and the sections of ours that answer them. The paths
// outside `/auth` are those registered at the realm before.
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { type PairStage, type PairStageOptions, setClient, setPairStage } from './pair-stage.ts'

const DOCS = new URL('../../../../docs/migrate/before-after/', import.meta.url)

/** Sections of the configuration that the guide to moving shows for an application. */
export function sectionsOf(application: string, names: readonly string[]): string {
  const text = readFileSync(new URL(`${application}/after/doorman.yaml`, DOCS), 'utf8')
  return names.map((name) => new RegExp(`^${name}:.*\\n(?: .*\\n)*`, 'm').exec(text)?.[0] ?? '').join('')
}

const MAIN = `
  main:
    issuer: "\${MAIN}"
    clientId: web-gateway
    clientAuth: { secret: web-gateway-test-secret }
`

const MODELS = `
  models:
    issuer: "\${MODELS}"
    clientId: model-grantee
    clientAuth: { secret: model-grantee-test-secret }
    obtain: { jwtGrant: { scope: [models-realm] } }
    dangerouslyGiveToBrowser: true
`

const SERVICES = `
  agent: { url: "\${UPSTREAM}", credential: internal }
  feed: { url: "\${UPSTREAM}", credential: none }
`

const ROUTES = `
  - { path: "/api/*", service: agent, require: { login: true } }
  - { path: "/*", service: feed, require: none }
`

/** What the realm knew before: the old redirect URI alone. */
async function openOld(t: TestContext, options: Pick<PairStageOptions, 'realms' | 'config'>): Promise<PairStage> {
  const stage = await setPairStage(t, { ...options, services: SERVICES, routes: ROUTES })
  setClient(stage.realm, 'web-gateway', { redirectUris: [stage.url('/callback')] })
  return stage
}

/** Sessions in memory: a `sid` in the address after login and in every query, and model tokens in the page. */
export function openOldBff(t: TestContext): Promise<PairStage> {
  return openOld(t, { realms: MAIN + MODELS, config: sectionsOf('fastapi-bff', ['login', 'endpoints']) })
}

/** Internal tokens of its own, signed with a secret that services know. */
export function openOldGateway(t: TestContext): Promise<PairStage> {
  return openOld(t, { realms: MAIN, config: sectionsOf('fastapi-gateway', ['endpoints']) })
}

/** A link, or an assignment to `location`, in a page of the front end. */
export const FROM_OWN_PAGE = { headers: { 'sec-fetch-site': 'same-origin' } }

/** Logged in by the old path, and what the login added to the address. */
export async function logInOldBff(stage: PairStage, username = 'alice'): Promise<{ browser: Browser; sid: string }> {
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/login?redirect_uri=/dashboard'), { username, password: '' })
  return { browser, sid: new URL(answers.at(-1)?.url ?? '').searchParams.get('sid') ?? '' }
}
