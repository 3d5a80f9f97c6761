// The authorization endpoint: the library decides what a request means, when somebody must be asked and when a session
// answers; what Keycloak adds to the response is added here.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BrowserSession, errors, type KoaContext, Provider, type StoredModel } from 'oidc-provider'
import { judgeAcr } from './acr.ts'
import { isEnabled, isRedirectUriAllowed } from './directory.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import { buildInteractionPolicy } from './interaction-policy.ts'
import { errorPage } from './pages.ts'
import { createAdapterFactory } from './provider-adapter.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { findUnknownScopes, grantScope } from './scopes.ts'
import type { UserSession } from './sessions.ts'

const INTERACTION_SECONDS = 1800
export const LOGIN_PATH = '/login-actions/authenticate'

export interface LoginServer {
  readonly provider: Provider
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Whose session the browser's cookie names. */
  readBrowserSession(request: IncomingMessage, response: ServerResponse): Promise<BrowserSession>
}

export function createLoginServer(state: RealmState, port: number): LoginServer {
  const provider = new Provider(state.issuer, {
    adapter: createAdapterFactory({
      isBrowserSessionLive: (browserSession) => isBrowserSessionLive(state, browserSession),
      findClientMetadata: (clientId) => findClientMetadata(state, clientId),
    }),
    ...buildConfiguration(state, port),
  })
  // The library knows exact redirect URIs only; Keycloak allows a trailing star.
  provider.Client.prototype.redirectUriAllowed = function redirectUriAllowed(this: unknown, uri: string) {
    const { clientId } = this as { readonly clientId: string }
    const client = state.directory.findClient(clientId)
    return client !== undefined && isRedirectUriAllowed(client, uri)
  }
  provider.on('authorization.success', (ctx, out) => completeResponse(state, ctx, out))
  provider.use((ctx, next) => spoilResponse(state, ctx, next))
  const callback = provider.callback()
  return {
    provider,
    handle(request, response) {
      const mounted = Object.assign(request, { originalUrl: request.url })
      mounted.url = (request.url ?? '').slice(new URL(state.issuer).pathname.length)
      return callback(mounted, response)
    },
    readBrowserSession: (request, response) => provider.Session.get(provider.createContext(request, response)),
  }
}

function buildConfiguration(state: RealmState, port: number): Readonly<Record<string, unknown>> {
  return {
    jwks: { keys: [state.keys.current().privateJwk] },
    routes: { authorization: `${OPENID_CONNECT_PATH}/auth` },
    scopes: ['openid', 'profile', 'email'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    acrValues: ['1', 'silver', 'gold'],
    ttl: {
      Interaction: INTERACTION_SECONDS,
      Session: state.settings.ssoMaxSeconds,
      Grant: 600,
      AuthorizationCode: 600,
    },
    // Browsers do not separate cookies by port: two realms on one machine need names of their own.
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // As Keycloak: without a path, the applications on this host would receive the realm's session.
      long: { httpOnly: true, sameSite: 'lax', path: `/realms/${state.realm}/` },
      names: { session: `realm_${port}_session`, interaction: `realm_${port}_login`, resume: `realm_${port}_resume` },
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    extraParams: {
      kc_idp_hint: null,
      kc_action: null,
      requested_scope: (ctx: KoaContext) => keepRequestedScope(state, ctx),
    },
    interactions: {
      policy: buildInteractionPolicy(),
      url: (_ctx: unknown, interaction: { readonly uid: string }) => `${state.issuer}${LOGIN_PATH}/${interaction.uid}`,
    },
    findAccount: (_ctx: unknown, userId: string) => findAccount(state, userId),
    loadExistingGrant: (ctx: KoaContext) => grantEverything(ctx),
    renderError,
  }
}

// The library drops `offline_access` without `prompt=consent`; Keycloak does not.
function keepRequestedScope(state: RealmState, ctx: KoaContext): void {
  const requested = [ctx.query.scope].flat().at(0) ?? ''
  const client = state.directory.findClient(ctx.oidc.client.clientId)
  if (findUnknownScopes(requested, client).length > 0) throw new errors.InvalidScope(`Invalid scopes: ${requested}`)
  const parameters: Record<string, string | undefined> = ctx.oidc.params
  parameters.requested_scope = requested
}

function findAccount(state: RealmState, userId: string): unknown {
  const user = state.directory.findUser(userId)
  return user?.enabled === true ? { accountId: user.id, claims: () => ({ sub: user.id }) } : undefined
}

/** No consent page: as a Keycloak client without "Consent required". */
async function grantEverything(ctx: KoaContext): Promise<unknown> {
  const { account, client, requestParamOIDCScopes } = ctx.oidc
  if (account === undefined) return undefined
  const grant = new ctx.oidc.provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  for (const scope of requestParamOIDCScopes) grant.addOIDCScope(scope)
  await grant.save()
  return grant
}

async function renderError(ctx: KoaContext, out: { readonly error: string }): Promise<void> {
  const page = errorPage(400, 'We are sorry…', `The request cannot be answered (${out.error}).`)
  ctx.status = page.status
  for (const [name, value] of Object.entries(page.headers)) ctx.set(name, value)
  ctx.body = page.body
}

function findClientMetadata(state: RealmState, clientId: string): StoredModel | undefined {
  const client = state.directory.findClient(clientId)
  if (client === undefined || !isEnabled(client)) return undefined
  return {
    client_id: clientId,
    // Never compared: see redirectUriAllowed above.
    redirect_uris: ['https://application.invalid/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
  }
}

function isBrowserSessionLive(state: RealmState, browserSession: string): boolean {
  const session = state.sessions.findByBrowser(browserSession)
  if (session === undefined) return true
  return state.sessions.isLive(session, epochSeconds()) && state.directory.findUser(session.userId)?.enabled === true
}

function completeResponse(state: RealmState, ctx: KoaContext, out: Record<string, string | undefined>): void {
  const { params, session: browser, client } = ctx.oidc
  const session = openSession(state, browser)
  const { code } = out
  if (code === undefined) return
  state.codes.issue(code, {
    clientId: client.clientId,
    redirectUri: params.redirect_uri ?? '',
    codeChallenge: params.code_challenge ?? '',
    nonce: params.nonce,
    scope: grantScope(params.requested_scope ?? ''),
    sid: session.sid,
    acr: judgeAcr(browser.acr, ctx.oidc.result?.login !== undefined),
    expiresAt: epochSeconds() + state.settings.codeSeconds,
  })
  out.session_state = session.sid
  if (params.kc_action !== undefined) {
    out.kc_action = params.kc_action
    out.kc_action_status = ctx.oidc.result?.action ?? 'error'
  }
}

/** A new login in a live session keeps its `sid`; only `auth_time` moves. */
function openSession(state: RealmState, browser: BrowserSession): UserSession {
  const found = state.sessions.findByBrowser(browser.uid)
  const session = found ?? state.sessions.open(browser.uid, browser.accountId ?? '', epochSeconds())
  session.authTime = browser.authTime()
  return session
}

async function spoilResponse(state: RealmState, ctx: KoaContext, next: () => Promise<void>): Promise<void> {
  await next()
  const location = URL.parse(ctx.response.get('location'))
  if (location === null || !location.searchParams.has('iss')) return
  const fault = state.faults.takeAuthorizationFault('omit-iss', 'wrong-iss', 'wrong-state')
  if (fault === undefined) return
  if (fault === 'omit-iss') location.searchParams.delete('iss')
  if (fault === 'wrong-iss') location.searchParams.set('iss', `${state.issuer}-of-somebody-else`)
  if (fault === 'wrong-state') location.searchParams.set('state', 'somebody-elses-state')
  ctx.set('location', location.href)
}
