// Access tokens of service accounts and of the server's administrator. They are signed by nobody and known by their text.
import { randomUUID } from 'node:crypto'
import { type Client, findClient, type RealmState } from './realm-state.ts'
import { ok, Refusal, type Reply } from './reply.ts'
import { isValidSecret, nowSeconds } from './secret-values.ts'

export interface TokenHolder {
  readonly realm: string
  /** Undefined: the administrator. */
  readonly clientUuid: string | undefined
}

export interface TokenRequest {
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

const ADMINISTRATOR = { username: 'admin', password: 'admin' }
const WRONG = 'Invalid client or Invalid client credentials'

export function createTokenEndpoint(issuerOf: (realm: string) => string) {
  const tokens = new Map<string, TokenHolder>()

  function issue(holder: TokenHolder, azp: string, lifetimeSeconds: number): string {
    const times = { iat: nowSeconds(), exp: nowSeconds() + lifetimeSeconds }
    const claims = { iss: issuerOf(holder.realm), sub: randomUUID(), typ: 'Bearer', azp, jti: randomUUID(), ...times }
    const token = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.${encode({ signedBy: 'nobody' })}`
    tokens.set(token, holder)
    return token
  }

  function byPassword(form: URLSearchParams): Reply {
    const isRight = form.get('username') === ADMINISTRATOR.username && form.get('password') === ADMINISTRATOR.password
    if (!isRight) throw oauth(400, 'invalid_grant', 'Invalid user credentials')
    const access_token = issue({ realm: 'master', clientUuid: undefined }, 'admin-cli', 60)
    return answer({ access_token, expires_in: 60, token_type: 'Bearer', scope: 'profile email' })
  }

  function byClient(realm: RealmState, client: Client, form: URLSearchParams): Reply {
    if (client.publicClient) throw unauthorized('Public client not allowed to retrieve service account')
    if (!client.serviceAccountsEnabled) throw unauthorized('Client not enabled to retrieve service account')
    const scope = grantedScope(realm, client, form.get('scope') ?? '')
    const expires_in = Number(client.attributes['access.token.lifespan'] ?? realm.settings.accessTokenLifespan)
    const access_token = issue({ realm: realm.name, clientUuid: client.id }, client.clientId, expires_in)
    const rest = { refresh_expires_in: 0, token_type: 'Bearer', 'not-before-policy': 0, scope }
    return answer({ access_token, expires_in, ...rest })
  }

  return {
    /** Whose token it is. */
    holder: (token: string) => tokens.get(token),
    token(realm: RealmState, request: TokenRequest): Reply {
      const { form } = request
      if (realm.settings.enabled === false) throw oauth(403, 'access_denied', 'Realm not enabled')
      const grant = form.get('grant_type')
      if (grant === null) throw oauth(400, 'invalid_request', 'Missing form parameter: grant_type')
      if (grant !== 'password' && grant !== 'client_credentials') {
        throw oauth(400, 'unsupported_grant_type', 'Unsupported grant_type')
      }
      const client = authenticate(realm, request)
      if (grant === 'client_credentials') return byClient(realm, client, form)
      if (client.directAccessGrantsEnabled === true && realm.name === 'master') return byPassword(form)
      throw oauth(400, 'unauthorized_client', 'Client not allowed for direct access grants')
    },
  }
}

function authenticate(realm: RealmState, request: TokenRequest): Client {
  const { clientId, secret } = readCredentials(request)
  const client = clientId === null ? undefined : findClient(realm, clientId)
  if (client === undefined || !client.enabled) throw oauth(401, 'invalid_client', WRONG)
  if (!client.publicClient && !isValidSecret(client, secret ?? '')) throw unauthorized(WRONG)
  return client
}

function readCredentials({ form, authorization }: TokenRequest) {
  if (!authorization?.startsWith('Basic '))
    return { clientId: form.get('client_id'), secret: form.get('client_secret') }
  const text = Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
  const [clientId = '', secret = ''] = text.split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
  return { clientId, secret }
}

function grantedScope(realm: RealmState, client: Client, asked: string): string {
  const names = asked.split(' ').filter((name) => name !== '' && name !== 'openid')
  const assigned = [...client.defaultClientScopes, ...client.optionalClientScopes]
  const isAssigned = names.every((name) => assigned.includes(name))
  if (!isAssigned) throw oauth(400, 'invalid_scope', `Invalid scopes: ${asked}`)
  const shown = [...realm.scopes.values()]
    .filter(({ attributes }) => attributes['include.in.token.scope'] === 'true')
    .map(({ name }) => name)
    .filter((name) => client.defaultClientScopes.includes(name) || names.includes(name))
  return [...(asked.split(' ').includes('openid') ? ['openid'] : []), ...shown].join(' ')
}

function unauthorized(error_description: string): Refusal {
  return oauth(401, 'unauthorized_client', error_description)
}

function oauth(status: number, error: string, error_description: string): Refusal {
  return new Refusal(status, { error, error_description })
}

function answer(body: object): Reply {
  return { ...ok(body), headers: { 'content-type': 'application/json' } }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
