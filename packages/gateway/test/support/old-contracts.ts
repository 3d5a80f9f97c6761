// What front ends of two gateways people write by themselves go by, and the sections of ours that answer them. The paths
// outside `/auth` are those registered at the realm before.
import type { TestContext } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { type PairStage, type PairStageOptions, setClient, setPairStage } from './pair-stage.ts'

/** Sessions in memory: a `sid` in the address after login and in every query, and model tokens in the page. */
export const OLD_BFF = `
endpoints:
  callback: /callback
  aliases:
    /login: { login: { returnTo: redirect_uri } }
    /user-info: user
    /refresh: refresh
    /logout: { logout: { returnTo: redirect_uri } }
    /get_model_tokens: { token: models }
  alsoGet: [logout, refresh]
login: { appendSid: true }
`

/** Internal tokens of its own, signed with a secret that services know. */
export const OLD_GATEWAY = `
endpoints:
  login: /login
  callback: /callback
  logout: /logout
  aliases:
    /profile: user
    /api/me: user
  alsoGet: [logout]
`

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

export function openOldBff(t: TestContext): Promise<PairStage> {
  return openOld(t, { realms: MAIN + MODELS, config: OLD_BFF })
}

export function openOldGateway(t: TestContext): Promise<PairStage> {
  return openOld(t, { realms: MAIN, config: OLD_GATEWAY })
}

/** A link, or an assignment to `location`, in a page of the front end. */
export const FROM_OWN_PAGE = { headers: { 'sec-fetch-site': 'same-origin' } }

/** Logged in by the old path, and what the login added to the address. */
export async function logInOldBff(stage: PairStage, username = 'alice'): Promise<{ browser: Browser; sid: string }> {
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/login?redirect_uri=/dashboard'), { username, password: '' })
  return { browser, sid: new URL(answers.at(-1)?.url ?? '').searchParams.get('sid') ?? '' }
}
