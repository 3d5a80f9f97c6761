// What an existing realm lacks for this gateway, found out by requests that change nothing.
import { createHash, randomBytes } from 'node:crypto'
import { CALLBACK_PATH, LOGGED_OUT_PATH } from './client-registration.ts'

export interface RealmCheckOptions {
  readonly issuer: string
  readonly publicUrl: string
  readonly clientId: string
  /** Without it neither secret nor audience can be checked. */
  readonly clientSecret: string | undefined
}

/** `unknown`: the realm did not answer in a way that tells, or could not be asked. */
export interface CheckedItem {
  readonly item: 'realm' | 'redirect URI' | 'post-logout redirect URI' | 'secret' | 'audience'
  readonly state: 'right' | 'missing' | 'unknown'
  /** What to do, or why it is unknown. */
  readonly remark: string
}

interface Endpoints {
  readonly authorization: string
  readonly token: string
  readonly endSession: string | undefined
}

const LIMIT_MILLISECONDS = 5000

/** Never throws. */
export async function checkRealm(options: RealmCheckOptions): Promise<readonly CheckedItem[]> {
  const found = await discover(options.issuer)
  if ('remark' in found) return [found]
  const secret = await checkSecret(found, options)
  return [
    { item: 'realm', state: 'right', remark: options.issuer },
    await checkRedirectUri(found, options),
    await checkPostLogoutUri(found, options),
    secret,
    secret.state === 'right' ? await checkAudience(found, options) : notAsked('audience', 'needs the right secret'),
  ]
}

async function discover(issuer: string): Promise<Endpoints | CheckedItem> {
  const answer = await ask(`${issuer}/.well-known/openid-configuration`)
  if (answer === undefined) return notAsked('realm', `${issuer} does not answer`)
  if (answer.status !== 200) return missingRealm(`${issuer} answers ${answer.status}; is there such a realm?`)
  const { issuer: named, authorization_endpoint, token_endpoint, end_session_endpoint } = parseObject(answer.text)
  if (named !== issuer) return missingRealm(`the realm calls itself ${named}; write that as the issuer`)
  if (typeof authorization_endpoint !== 'string' || typeof token_endpoint !== 'string') {
    return missingRealm('its discovery document lacks endpoints')
  }
  const endSession = typeof end_session_endpoint === 'string' ? end_session_endpoint : undefined
  return { authorization: authorization_endpoint, token: token_endpoint, endSession }
}

function missingRealm(remark: string): CheckedItem {
  return { item: 'realm', state: 'missing', remark }
}

function notAsked(item: CheckedItem['item'], remark: string): CheckedItem {
  return { item, state: 'unknown', remark }
}

/** With `prompt=none` a known client gets a redirect at once, an unknown one or a foreign URI a page with status 400. */
async function checkRedirectUri(endpoints: Endpoints, options: RealmCheckOptions): Promise<CheckedItem> {
  const redirectUri = options.publicUrl + CALLBACK_PATH
  const answer = await ask(
    withQuery(endpoints.authorization, {
      client_id: options.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid',
      prompt: 'none',
      state: randomBytes(16).toString('base64url'),
      nonce: randomBytes(16).toString('base64url'),
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  )
  const item = 'redirect URI'
  if (answer === undefined) return notAsked(item, 'the realm did not answer')
  if (answer.location?.startsWith(redirectUri) === true) return { item, state: 'right', remark: redirectUri }
  if (answer.status !== 400) return notAsked(item, `the realm answered ${answer.status}`)
  return { item, state: 'missing', remark: `client ${options.clientId} with the redirect URI ${redirectUri}` }
}

/** Without a hint of who is logged in a realm asks before it ends anything, but refuses a foreign URI at once. */
async function checkPostLogoutUri({ endSession }: Endpoints, options: RealmCheckOptions): Promise<CheckedItem> {
  const item = 'post-logout redirect URI'
  const uri = options.publicUrl + LOGGED_OUT_PATH
  if (endSession === undefined) return notAsked(item, 'the realm has no logout endpoint')
  const answer = await ask(withQuery(endSession, { client_id: options.clientId, post_logout_redirect_uri: uri }))
  if (answer === undefined || answer.status >= 500) return notAsked(item, 'the realm did not answer')
  return answer.status >= 400 ? { item, state: 'missing', remark: uri } : { item, state: 'right', remark: uri }
}

/** A code nobody ever issued is refused as `invalid_grant`, but only to a client that has proved who it is. */
async function checkSecret(endpoints: Endpoints, options: RealmCheckOptions): Promise<CheckedItem> {
  const item = 'secret'
  if (options.clientSecret === undefined) return notAsked(item, 'KEYCLOAK_CLIENT_SECRET is not set')
  const answer = await askAsClient(endpoints, options, {
    grant_type: 'authorization_code',
    code: 'doorman-init',
    redirect_uri: options.publicUrl + CALLBACK_PATH,
    code_verifier: randomBytes(32).toString('base64url'),
  })
  const error = answer === undefined ? undefined : parseObject(answer.text).error
  if (error === 'invalid_grant') return { item, state: 'right', remark: 'KEYCLOAK_CLIENT_SECRET is the secret' }
  if (error === 'invalid_client') {
    return { item, state: 'missing', remark: `the realm has no enabled client ${options.clientId} with this secret` }
  }
  if (error === 'unauthorized_client') {
    return { item, state: 'missing', remark: 'the secret is another one: see the tab "Credentials" of the client' }
  }
  return notAsked(item, answer === undefined ? 'the realm did not answer' : `the realm answered ${answer.status}`)
}

async function checkAudience(endpoints: Endpoints, options: RealmCheckOptions): Promise<CheckedItem> {
  const item = 'audience'
  const answer = await askAsClient(endpoints, options, { grant_type: 'client_credentials' })
  if (answer?.status !== 200) return notAsked(item, 'cannot be seen while the service account of the client is off')
  const { access_token: token } = parseObject(answer.text)
  const { aud } = parseObject(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
  if ([aud].flat().includes(options.clientId)) return { item, state: 'right', remark: options.clientId }
  return { item, state: 'missing', remark: `an audience mapper that puts ${options.clientId} into access tokens` }
}

interface Answer {
  readonly status: number
  readonly location: string | null
  readonly text: string
}

function askAsClient(
  { token }: Endpoints,
  { clientId, clientSecret = '' }: RealmCheckOptions,
  form: Readonly<Record<string, string>>,
): Promise<Answer | undefined> {
  // Form-encoded before they are joined (RFC 6749 section 2.3.1); Keycloak refuses a bare `%`.
  const credentials = [clientId, clientSecret].map((part) =>
    new URLSearchParams({ part }).toString().slice('part='.length),
  )
  return ask(token, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials.join(':')).toString('base64')}` },
    body: new URLSearchParams(form),
  })
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer | undefined> {
  try {
    const signal = AbortSignal.timeout(LIMIT_MILLISECONDS)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    return { status: response.status, location: response.headers.get('location'), text: await response.text() }
  } catch {
    return undefined
  }
}

function withQuery(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
