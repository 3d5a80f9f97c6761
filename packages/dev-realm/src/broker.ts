// Brokered login: people of an identity provider log in there and come back (Keycloak's `kc_idp_hint`).
import { createHash, randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Interaction, InteractionResult } from 'oidc-provider'
import { type Answer, redirectAnswer } from './answer.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import { LOGIN_PATH } from './login-server.ts'
import type { DevIdentityProvider, DevUser } from './options.ts'
import { errorPage } from './pages.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'

export const BROKER_PATH = '/broker'

export interface Broker {
  /** Sends a person to the identity provider their application asked for; null when it asked for none we know. */
  begin(interaction: Interaction): Answer | null
  /** `GET /broker/{alias}/endpoint`: back from the provider, and on to the login that was begun. */
  answerReturn(path: string, query: URLSearchParams): Promise<Answer>
  /** What came of it, once; a sentence when the person cannot log in here. */
  takeResult(uid: string, ticket: string): InteractionResult | string | undefined
}

interface BrokeredLogin {
  readonly uid: string
  readonly provider: DevIdentityProvider
  readonly broker: NonNullable<DevIdentityProvider['broker']>
  readonly nonce: string
  readonly codeVerifier: string
}

const TICKET_PARAMETER = 'broker_ticket'
const MAX_REMEMBERED_LOGINS = 1000
const WENT_WRONG = 'Unexpected error when authenticating with identity provider'

export function createBroker(state: RealmState): Broker {
  const begun = new Map<string, BrokeredLogin>()
  const results = new Map<string, { readonly uid: string; readonly result: InteractionResult | string }>()

  return {
    begin({ uid, params, prompt }) {
      const provider = state.identityProviders.findByAlias(params.kc_idp_hint ?? '')
      if (provider?.broker === undefined || prompt.name !== 'login') return null
      const login = { uid, provider, broker: provider.broker, nonce: random(), codeVerifier: random() }
      const requestState = random()
      remember(begun, requestState, login)
      return redirectAnswer(buildAuthorizationUrl(state, login, requestState, params.prompt))
    },
    async answerReturn(path, query) {
      const requestState = query.get('state') ?? ''
      const login = begun.get(requestState)
      begun.delete(requestState)
      if (login === undefined || path !== endpointPath(login.provider))
        return errorPage(400, 'We are sorry…', 'Invalid parameter: state')
      const ticket = random()
      remember(results, ticket, { uid: login.uid, result: await finishLogin(state, login, query) })
      return redirectAnswer(`${state.issuer}${LOGIN_PATH}/${login.uid}?${TICKET_PARAMETER}=${ticket}`)
    },
    takeResult(uid, ticket) {
      const found = results.get(ticket)
      if (found?.uid !== uid) return undefined
      results.delete(ticket)
      return found.result
    },
  }
}

export function readTicket(query: URLSearchParams): string | null {
  return query.get(TICKET_PARAMETER)
}

function random(): string {
  return randomBytes(32).toString('base64url')
}

function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  const [oldest] = values.keys()
  if (values.size >= MAX_REMEMBERED_LOGINS && oldest !== undefined) values.delete(oldest)
  values.set(key, value)
}

function endpointPath({ alias }: DevIdentityProvider): string {
  return `${BROKER_PATH}/${alias}/endpoint`
}

function buildAuthorizationUrl(
  state: RealmState,
  { provider, broker, nonce, codeVerifier }: BrokeredLogin,
  requestState: string,
  prompt: string | undefined,
): string {
  const parameters = new URLSearchParams({
    client_id: broker.clientId,
    redirect_uri: `${state.issuer}${endpointPath(provider)}`,
    response_type: 'code',
    scope: 'openid profile email',
    state: requestState,
    nonce,
    code_challenge: createHash('sha256').update(codeVerifier, 'ascii').digest('base64url'),
    code_challenge_method: 'S256',
    ...(prompt === undefined ? {} : { prompt }),
  })
  return `${provider.issuer}${OPENID_CONNECT_PATH}/auth?${parameters}`
}

async function finishLogin(
  state: RealmState,
  login: BrokeredLogin,
  query: URLSearchParams,
): Promise<InteractionResult | string> {
  const code = query.get('code')
  if (code === null) return { error: 'access_denied' }
  const claims = await redeemCode(state, login, code)
  if (claims === null) return WENT_WRONG
  const user = findOrCreateUser(state, login.provider.alias, claims)
  if (user === null) return 'User with the same username or email already exists.'
  if (!user.enabled) return 'Account is disabled, contact your administrator.'
  return { login: { accountId: user.id, acr: '1' } }
}

/** The claims of the ID token; null when there is none that was meant for this login. */
async function redeemCode(state: RealmState, login: BrokeredLogin, code: string): Promise<JWTPayload | null> {
  const idToken = await askForIdToken(state, login, code)
  const claims = idToken === null ? null : await state.identityProviders.verify(login.provider, idToken)
  const isOurs =
    claims?.iss === login.provider.issuer &&
    claims.aud === login.broker.clientId &&
    claims.nonce === login.nonce &&
    Number(claims.exp) > epochSeconds()
  return isOurs ? claims : null
}

async function askForIdToken(state: RealmState, login: BrokeredLogin, code: string): Promise<string | null> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: `${state.issuer}${endpointPath(login.provider)}`,
    code_verifier: login.codeVerifier,
    client_id: login.broker.clientId,
    client_secret: login.broker.secret,
  })
  try {
    const answer = await fetch(`${login.provider.issuer}${OPENID_CONNECT_PATH}/token`, { method: 'POST', body })
    const { id_token: idToken } = (await answer.json()) as { readonly id_token?: unknown }
    return typeof idToken === 'string' ? idToken : null
  } catch {
    return null
  }
}

/** Keycloak makes a person of whoever it does not know yet, unless somebody else has their name or address. */
function findOrCreateUser(state: RealmState, alias: string, claims: JWTPayload): DevUser | null {
  const subject = String(claims.sub)
  const linked = state.directory.findLinkedUser(alias, subject)
  if (linked !== undefined) return linked
  const created = {
    id: crypto.randomUUID(),
    username: String(claims.preferred_username),
    firstName: String(claims.given_name),
    lastName: String(claims.family_name),
    email: String(claims.email),
    enabled: true,
    realmRoles: [],
    clientRoles: {},
    federated: { [alias]: subject },
  }
  if ([created.username, created.email].some((name) => state.directory.findUser(name) !== undefined)) return null
  state.directory.addUser(created)
  return created
}
