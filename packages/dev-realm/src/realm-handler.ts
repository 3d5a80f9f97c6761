// The endpoints as one table.
import type { IncomingMessage } from 'node:http'
import { type Answer, jsonAnswer, oauthError, redirectAnswer } from './answer.ts'
import { createBroker } from './broker.ts'
import { createClientAuthenticator } from './client-auth.ts'
import { isRedirectUriAllowed } from './directory.ts'
import { buildMetadata, OPENID_CONNECT_PATH } from './discovery.ts'
import type { RealmEndpoint } from './faults.ts'
import { answerIntrospection } from './introspection.ts'
import { buildErrorLocation, createLoginPages } from './login-pages.ts'
import { LOGIN_PATH, type LoginServer } from './login-server.ts'
import { createLogoutEndpoint, LOGOUT_CONFIRMATION_PATH } from './logout-endpoint.ts'
import type { DevClient } from './options.ts'
import type { RealmHandler, RealmRequest } from './realm-server.ts'
import type { RealmState } from './realm-state.ts'
import { answerTokenRequest } from './token-endpoint.ts'
import { answerRevocation, answerUserInfo } from './token-inspection.ts'

const PUBLIC_HEADERS = { 'access-control-allow-origin': '*', 'cache-control': 'no-cache' } as const
const CLIENT_ENDPOINTS: readonly RealmEndpoint[] = ['token', 'introspect', 'revoke', 'userinfo']
const SUPPORTED_PROMPTS = ['none', 'login'] as const

export function createRealmHandler(state: RealmState, server: LoginServer): RealmHandler {
  const audiences = [state.issuer, `${state.issuer}${OPENID_CONNECT_PATH}/token`]
  const authenticator = createClientAuthenticator(state.directory, audiences)
  const broker = createBroker(state)
  const pages = createLoginPages(state, server, broker)
  const logout = createLogoutEndpoint(state)

  async function asClient(request: RealmRequest, answer: (client: DevClient) => Promise<Answer>): Promise<Answer> {
    const authentication = await authenticator.authenticate(authorizationOf(request), request.form)
    if (authentication.kind === 'authenticated') return answer(authentication.client)
    // Introspection alone has words of its own for a wrong secret.
    return authentication.isSecretWrong && request.endpoint === 'introspect'
      ? oauthError(401, 'invalid_client', 'Client authentication failed.')
      : authentication.answer
  }

  async function answerLogout(request: RealmRequest): Promise<Answer> {
    const { path, form, query, incoming, outgoing } = request
    if (path === LOGOUT_CONFIRMATION_PATH) return logout.confirm(form.get('ticket'))
    const refreshToken = form.get('refresh_token')
    if (refreshToken !== null) return asClient(request, (client) => logout.answerClient(client, refreshToken))
    const { uid } = await server.readBrowserSession(incoming, outgoing)
    return logout.answerBrowser(incoming.method === 'POST' ? form : query, uid)
  }

  const handlers: Readonly<Record<RealmEndpoint, RealmHandler>> = {
    discovery: async ({ incoming }) => jsonAnswer(200, buildMetadata(hostsFor(state, incoming))),
    certs: async () => jsonAnswer(200, state.keys.keySet(), PUBLIC_HEADERS),
    info: async () => jsonAnswer(200, { realm: state.realm, doorman_dev_realm: true }),
    auth: async (request) => authorize(state, server, request),
    resume: async (request) => delegate(server, request),
    login: async ({ path, query, form, incoming, outgoing }) => {
      const uid = path.slice(LOGIN_PATH.length + 1)
      if (incoming.method === 'POST') return pages.submit(incoming, outgoing, uid, form)
      return pages.show(incoming, outgoing, uid, query)
    },
    broker: ({ path, query }) => broker.answerReturn(path, query),
    token: (request) => answerTokenRequest(state, authenticator, authorizationOf(request), request.form),
    introspect: (request) => asClient(request, (client) => answerIntrospection(state, client, request.form)),
    revoke: (request) => asClient(request, (client) => answerRevocation(state, client, request.form)),
    userinfo: (request) => answerUserInfo(state, authorizationOf(request)),
    logout: answerLogout,
    unknown: async () => jsonAnswer(404, { error: 'HTTP 404 Not Found' }),
  }

  return async (request) => {
    const isForeign = CLIENT_ENDPOINTS.includes(request.endpoint) && request.incoming.headers.origin !== undefined
    if (isForeign) return jsonAnswer(403, { error: 'Invalid origin' })
    return handlers[request.endpoint](request)
  }
}

function authorizationOf({ incoming }: RealmRequest): string | undefined {
  return incoming.headers.authorization
}

/** The back channel is wherever the caller reached us, if that is a name of this very realm. */
function hostsFor(state: RealmState, incoming: IncomingMessage) {
  const issuer = new URL(state.issuer)
  const own = ['localhost', '127.0.0.1'].map((name) => `${name}:${issuer.port}`)
  const host = incoming.headers.host ?? ''
  return { issuer: state.issuer, backchannel: own.includes(host) ? `http://${host}${issuer.pathname}` : state.issuer }
}

async function delegate(server: LoginServer, { incoming, outgoing }: RealmRequest): Promise<null> {
  await server.handle(incoming, outgoing)
  return null
}

async function authorize(state: RealmState, server: LoginServer, request: RealmRequest): Promise<Answer | null> {
  const { query, incoming } = request
  const ordered = orderedError(state, query)
  if (ordered !== null) return ordered
  const prompts = query.getAll('prompt')
  if (prompts.length === 1) {
    incoming.url = `${incoming.url?.replace(/\?.*$/s, '')}?${withSupportedPrompt(query, prompts[0] ?? '')}`
  }
  return delegate(server, request)
}

/** Keycloak ignores prompts it does not know, and `none` outweighs any other. */
function withSupportedPrompt(query: URLSearchParams, prompt: string): URLSearchParams {
  const asked = SUPPORTED_PROMPTS.find((name) => prompt.split(' ').includes(name))
  const changed = new URLSearchParams(query)
  if (asked === undefined) changed.delete('prompt')
  else changed.set('prompt', asked)
  return changed
}

/** The error response a test has ordered; null when there is none, or nobody it could be sent to. */
function orderedError(state: RealmState, query: URLSearchParams): Answer | null {
  const params = Object.fromEntries(query)
  const client = state.directory.findClient(params.client_id ?? '')
  if (client === undefined || !isRedirectUriAllowed(client, params.redirect_uri ?? '')) return null
  const fault = state.faults.takeAuthorizationFault('authentication-expired', 'access-denied', 'server-error')
  if (fault === undefined) return null
  const error = {
    'authentication-expired': ['temporarily_unavailable', 'authentication_expired'],
    'access-denied': ['access_denied', null],
    'server-error': ['server_error', 'Unexpected error'],
  } as const
  const [word, description] = error[fault as keyof typeof error]
  return redirectAnswer(buildErrorLocation(state.issuer, params, word, description).href)
}
