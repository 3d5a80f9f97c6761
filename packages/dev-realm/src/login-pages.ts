// The pages between an authorization request and its response.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Interaction, InteractionResult } from 'oidc-provider'
import { findAskedAcr } from './acr.ts'
import { type Answer, redirectAnswer } from './answer.ts'
import { type Broker, readTicket } from './broker.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import type { LoginServer } from './login-server.ts'
import { LOGIN_PATH } from './login-server.ts'
import type { DevUser } from './options.ts'
import { actionPage, errorPage, loginPage } from './pages.ts'
import type { RealmState } from './realm-state.ts'

export interface LoginPages {
  show(request: IncomingMessage, response: ServerResponse, uid: string, query: URLSearchParams): Promise<Answer>
  submit(request: IncomingMessage, response: ServerResponse, uid: string, form: URLSearchParams): Promise<Answer>
}

const MAX_REMEMBERED_LOGINS = 1000

export function createLoginPages(state: RealmState, server: LoginServer, broker: Broker): LoginPages {
  // For a form that is posted again after its login is over: Keycloak sends the person back to the application.
  const finished = new Map<string, Interaction['params']>()

  function remember(interaction: Interaction): void {
    const [oldest] = finished.keys()
    if (finished.size >= MAX_REMEMBERED_LOGINS && oldest !== undefined) finished.delete(oldest)
    finished.set(interaction.uid, interaction.params)
  }

  async function find(request: IncomingMessage, response: ServerResponse, uid: string): Promise<Interaction | null> {
    try {
      const interaction = await server.provider.interactionDetails(request, response)
      return interaction.uid === uid ? interaction : null
    } catch {
      return null
    }
  }

  function answerStale(uid: string): Answer {
    const params = finished.get(uid)
    if (params?.redirect_uri === undefined) return errorPage(400, 'We are sorry…', 'Restart login cookie not found.')
    return redirectAnswer(
      buildErrorLocation(state.issuer, params, 'temporarily_unavailable', 'authentication_expired').href,
    )
  }

  async function finish(
    request: IncomingMessage,
    response: ServerResponse,
    interaction: Interaction,
    result: InteractionResult | string,
  ): Promise<Answer> {
    if (typeof result === 'string') return errorPage(400, 'We are sorry…', result)
    const location = await server.provider.interactionResult(request, response, result)
    remember(interaction)
    return redirectAnswer(location)
  }

  return {
    async show(request, response, uid, query) {
      const interaction = await find(request, response, uid)
      if (interaction === null) return answerStale(uid)
      const ticket = readTicket(query)
      if (ticket === null) return broker.begin(interaction) ?? showPage(state, interaction)
      const result = broker.takeResult(uid, ticket)
      if (result === undefined) return answerStale(uid)
      const { accountId } = await server.readBrowserSession(request, response)
      return finish(request, response, interaction, refuseOther(result, accountId))
    },
    async submit(request, response, uid, form) {
      const interaction = await find(request, response, uid)
      if (interaction === null) return answerStale(uid)
      if (form.has('restart')) return restart(state, interaction)
      const { accountId } = await server.readBrowserSession(request, response)
      return finish(request, response, interaction, refuseOther(readResult(state, interaction, form), accountId))
    },
  }
}

export function buildErrorLocation(
  issuer: string,
  params: Readonly<Record<string, string | undefined>>,
  error: string,
  description: string | null,
): URL {
  const location = new URL(params.redirect_uri ?? '')
  location.searchParams.set('error', error)
  if (description !== null) location.searchParams.set('error_description', description)
  if (params.state !== undefined) location.searchParams.set('state', params.state)
  location.searchParams.set('iss', issuer)
  return location
}

function showPage(state: RealmState, { uid, prompt, params, session }: Interaction): Answer {
  const action = `${new URL(state.issuer).pathname}${LOGIN_PATH}/${uid}`
  if (prompt.name === 'action') return actionPage({ action, name: params.kc_action ?? '' })
  const current = session?.accountId === undefined ? undefined : state.directory.findUser(session.accountId)
  const suggested = current ?? state.directory.findUser(params.login_hint ?? '')
  return loginPage({
    action,
    realm: state.realm,
    clientId: params.client_id ?? '',
    users: sortUsers(current === undefined ? state.directory.users() : [current], suggested),
    suggested,
    providerHint: params.kc_idp_hint,
    isConfirmation: current !== undefined,
  })
}

function sortUsers(users: readonly DevUser[], first: DevUser | undefined): readonly DevUser[] {
  return users.toSorted((a, b) => Number(b === first) - Number(a === first))
}

/** `current` is who the browser is logged in as by now. */
function refuseOther(result: InteractionResult | string, current: string | undefined): InteractionResult | string {
  const chosen = typeof result === 'string' ? undefined : result.login?.accountId
  if (current === undefined || chosen === undefined || chosen === current) return result
  return 'You are already authenticated as a different user.'
}

/** A sentence when this person cannot log in here. */
function readResult(state: RealmState, interaction: Interaction, form: URLSearchParams): InteractionResult | string {
  if (form.has('cancel')) return { error: 'access_denied' }
  const action = form.get('kc_action_status')
  if (action !== null) return { action: action === 'success' ? 'success' : 'cancelled' }
  const user = state.directory.findUser(form.get('user') ?? '')
  if (user === undefined) return 'Invalid username or password.'
  if (!user.enabled) return 'Account is disabled, contact your administrator.'
  return { login: { accountId: user.id, acr: findAskedAcr(interaction.params.acr_values) ?? '1' } }
}

/** Ends the session that stands in the way and asks again, for anybody. */
function restart(state: RealmState, { params, session }: Interaction): Answer {
  const ended = session?.uid === undefined ? undefined : state.sessions.findByBrowser(session.uid)
  if (ended !== undefined) ended.ended = true
  const { requested_scope: scope, prompt: _, ...kept } = params
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...kept, scope })) if (value !== undefined) parameters.set(name, value)
  return redirectAnswer(`${state.issuer}${OPENID_CONNECT_PATH}/auth?${parameters}`)
}
