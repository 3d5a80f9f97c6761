// What the embedded realms and a real Keycloak must answer alike: client credentials, token exchange, the JWT grant,
// introspection and brokered login, refusals word by word.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import { type Browser, createBrowser, findLoginForm } from '@doorman/dev-realm/browser'
import { decodeJwt, type JWTPayload } from 'jose'

export interface RealmPair {
  /** The issuer of the realm people log in to. */
  readonly main: string
  /** The issuer of the realm that takes its people from there. */
  readonly models: string
  close(): Promise<void>
}

type Fields = Readonly<Record<string, string | undefined>>

interface TokenAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

const REDIRECT_URI = 'http://localhost:3000/auth/callback'
const CODE_VERIFIER = 'v'.repeat(50)
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token'

export async function post(issuer: string, path: string, clientId: string, fields: Fields): Promise<TokenAnswer> {
  const body = new URLSearchParams()
  const credentials = { client_id: clientId, client_secret: `${clientId}-test-secret` }
  for (const [name, value] of Object.entries({ ...credentials, ...fields }))
    if (value !== undefined) body.set(name, value)
  const response = await fetch(`${issuer}/protocol/openid-connect/${path}`, { method: 'POST', body })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

function authorizationUrl(issuer: string, clientId: string, changes: Readonly<Record<string, string>>): string {
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: REDIRECT_URI,
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(CODE_VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  return `${issuer}/protocol/openid-connect/auth?${new URLSearchParams(parameters)}`
}

interface Journey {
  readonly response: URLSearchParams
  /** How many pages asked the person something. */
  readonly pages: number
}

/** Follows until the application would be reached; nothing listens there. */
async function travel(browser: Browser, url: string, username: string): Promise<Journey> {
  let answer = await browser.navigate(url)
  for (let pages = 0; ; ) {
    const location = answer.headers.get('location')
    if (location?.startsWith(REDIRECT_URI)) return { response: new URL(location).searchParams, pages }
    const form = location === null ? findLoginForm(answer) : undefined
    if (location === null && form === undefined) throw new Error(`stranded on ${answer.status} ${answer.url}`)
    if (form !== undefined) pages += 1
    answer = await (form === undefined
      ? browser.navigate(new URL(location ?? '', answer.url).href)
      : browser.navigate(form.action, submission(form.fields, username)))
  }
}

function submission(fields: ReadonlyMap<string, string>, username: string) {
  const known = { username, password: `${username}-test-password`, user: username }
  const body = new URLSearchParams([...fields])
  for (const [name, value] of Object.entries(known)) if (name === 'user' || fields.has(name)) body.set(name, value)
  return { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}

async function logIn(
  browser: Browser,
  issuer: string,
  clientId: string,
  username: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer & Journey> {
  const journey = await travel(browser, authorizationUrl(issuer, clientId, changes), username)
  const code = journey.response.get('code') ?? undefined
  const redemption = { redirect_uri: REDIRECT_URI, code_verifier: CODE_VERIFIER, code }
  return { ...journey, ...(await post(issuer, 'token', clientId, { grant_type: 'authorization_code', ...redemption })) }
}

function claimsOf(token: unknown): JWTPayload {
  return decodeJwt(String(token))
}

function sorted(value: unknown): readonly unknown[] {
  return [value].flat().toSorted()
}

function wordsOf(scope: unknown): readonly string[] {
  return String(scope).split(' ').toSorted()
}

/** Counted from the moment of the answer, which may be in the next second. */
function assertMinute(seconds: unknown): void {
  assert.ok(seconds === 60 || seconds === 59, String(seconds))
}

function assertRefused(answer: TokenAnswer, expected: readonly [status: number, error: string, words: string]): void {
  assert.deepEqual([answer.status, answer.json.error, answer.json.error_description], expected)
}

const LOGINS = { alice: 'openid organization', bob: 'openid organization:*' } as const

/** One suite, called for the embedded pair and for a real Keycloak. */
export function testSecondRealm(open: () => Promise<RealmPair>): void {
  let pair: RealmPair
  const refreshTokens = new Map<string, unknown>()
  const browser = createBrowser()

  before(async () => {
    pair = await open()
    for (const [username, scope] of Object.entries(LOGINS)) {
      const visitor = username === 'alice' ? browser : createBrowser()
      const { json } = await logIn(visitor, pair.main, 'web-gateway', username, { scope })
      refreshTokens.set(username, json.refresh_token)
    }
  })
  after(() => pair.close())

  /** The tokens of a fresh answer of the realm. */
  async function tokensOf(username: keyof typeof LOGINS): Promise<Readonly<Record<string, unknown>>> {
    const refreshToken = String(refreshTokens.get(username))
    const fields = { grant_type: 'refresh_token', refresh_token: refreshToken }
    return (await post(pair.main, 'token', 'web-gateway', fields)).json
  }

  async function subjectTokenOf(who: keyof typeof LOGINS | 'the gateway'): Promise<string> {
    if (who !== 'the gateway') return String((await tokensOf(who)).access_token)
    return String(
      (await post(pair.main, 'token', 'web-gateway', { grant_type: 'client_credentials' })).json.access_token,
    )
  }

  async function exchange(
    fields: Fields,
    who: keyof typeof LOGINS | 'the gateway' = 'alice',
    clientId = 'web-gateway',
  ): Promise<TokenAnswer> {
    const subject = { subject_token: await subjectTokenOf(who), subject_token_type: ACCESS_TOKEN }
    return post(pair.main, 'token', clientId, { grant_type: GRANT_TYPES.tokenExchange, ...subject, ...fields })
  }

  async function assertionOf(who: keyof typeof LOGINS | 'the gateway', fields: Fields = {}): Promise<string> {
    const answer = await exchange({ audience: pair.models, scope: 'models-realm', ...fields }, who)
    return String(answer.json.access_token)
  }

  function grant(assertion: string | undefined, fields: Fields = {}, clientId = 'model-gateway'): Promise<TokenAnswer> {
    return post(pair.models, 'token', clientId, { grant_type: GRANT_TYPES.jwtBearer, assertion, ...fields })
  }

  function introspect(token: unknown, clientId: string, fields: Fields = {}): Promise<TokenAnswer> {
    return post(pair.main, 'token/introspect', clientId, { token: String(token), ...fields })
  }

  test('client credentials give a token of the service account, and neither session nor refresh token', async () => {
    const { status, json } = await post(pair.main, 'token', 'web-gateway', { grant_type: 'client_credentials' })
    assert.equal(status, 200)
    const { access_token: token, expires_in, ...rest } = json
    assertMinute(expires_in)
    assert.deepEqual(
      { ...rest, scope: wordsOf(rest.scope) },
      {
        refresh_expires_in: 0,
        token_type: 'Bearer',
        'not-before-policy': 0,
        scope: ['email', 'profile'],
      },
    )
    const claims = claimsOf(token)
    assert.match(String(claims.jti), /^trrtcc:/)
    assert.deepEqual(sorted(claims.aud), ['account', 'reports', 'web-gateway'])
    const { azp, client_id, preferred_username, email_verified, typ, acr, sid, auth_time, email } = claims
    assert.deepEqual(
      { azp, client_id, preferred_username, email_verified, typ, acr, sid, auth_time, email },
      {
        azp: 'web-gateway',
        client_id: 'web-gateway',
        preferred_username: 'service-account-web-gateway',
        email_verified: false,
        typ: 'Bearer',
        acr: '1',
        sid: undefined,
        auth_time: undefined,
        email: undefined,
      },
    )
  })

  test('with the scope openid a service account has an ID token', async () => {
    const fields = { grant_type: 'client_credentials', scope: 'openid' }
    const { json } = await post(pair.main, 'token', 'web-gateway', fields)
    assert.equal(claimsOf(json.id_token).aud, 'web-gateway')
  })

  test('an optional scope adds its audience, and is named only where it says so', async () => {
    const ask = async (scope: string) => {
      const { json } = await post(pair.main, 'token', 'web-gateway', { grant_type: 'client_credentials', scope })
      return { audience: [claimsOf(json.access_token).aud].flat(), words: wordsOf(json.scope) }
    }
    const billing = await ask('billing-audience')
    assert.equal(billing.audience.includes('billing'), true)
    assert.deepEqual(billing.words, ['email', 'profile'])
    const models = await ask('models-realm')
    assert.equal(models.audience.includes(pair.models), true)
    assert.deepEqual(models.words, ['email', 'models-realm', 'profile'])
  })

  test('a client without service account is told so', async () => {
    assertRefused(await post(pair.main, 'token', 'other-gateway', { grant_type: 'client_credentials' }), [
      401,
      'unauthorized_client',
      'Client not enabled to retrieve service account',
    ])
  })

  test('client credentials with an unknown scope are refused', async () => {
    const fields = { grant_type: 'client_credentials', scope: 'dance' }
    assertRefused(await post(pair.main, 'token', 'web-gateway', fields), [
      400,
      'invalid_scope',
      'Invalid scopes: dance',
    ])
  })

  test('an exchange for one audience gives a token for it alone, in the same session', async () => {
    const subject = claimsOf((await tokensOf('alice')).access_token)
    const { status, json } = await exchange({ audience: 'billing', scope: 'billing-audience' })
    assert.equal(status, 200)
    const { access_token: token, scope, expires_in, ...rest } = json
    assertMinute(expires_in)
    assert.deepEqual(rest, {
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: subject.sid,
      issued_token_type: ACCESS_TOKEN,
    })
    assert.deepEqual(wordsOf(scope), ['email', 'profile'])
    const { aud, azp, sid, sub, resource_access, jti } = claimsOf(token)
    assert.deepEqual(
      { aud, azp, sid, sub, resource_access },
      {
        aud: 'billing',
        azp: 'web-gateway',
        sid: subject.sid,
        sub: subject.sub,
        resource_access: { billing: { roles: ['pay'] } },
      },
    )
    assert.match(String(jti), /^onrtte:/)
  })

  test('an exchange without audience keeps all audiences; resource and actor token are ignored', async () => {
    const { status, json } = await exchange({ scope: 'openid', resource: 'http://elsewhere.example', actor_token: 'x' })
    assert.equal(status, 200)
    const audience = sorted(claimsOf(json.access_token).aud)
    assert.deepEqual(audience, ['account', 'billing', 'reports', 'web-gateway'])
    assert.equal(claimsOf(json.id_token).typ, 'ID')
  })

  test('a role is enough for an audience, and so is its scope', async () => {
    assert.equal(claimsOf((await exchange({ audience: 'billing' })).json.access_token).aud, 'billing')
    const bob = await exchange({ audience: 'billing', scope: 'billing-audience' }, 'bob')
    assert.equal(claimsOf(bob.json.access_token).aud, 'billing')
    assert.deepEqual(claimsOf(bob.json.access_token).resource_access, {})
  })

  test('the token of a service account can be exchanged, and has no session', async () => {
    const { status, json } = await exchange({ audience: 'billing', scope: 'billing-audience' }, 'the gateway')
    assert.deepEqual([status, json.session_state], [200, undefined])
    const { aud, sid, client_id, preferred_username, jti } = claimsOf(json.access_token)
    assert.deepEqual([aud, sid, client_id], ['billing', undefined, undefined])
    assert.equal(preferred_username, 'service-account-web-gateway')
    assert.match(String(jti), /^trrtte:/)
  })

  test('an ID token can be asked for; it is no bearer token', async () => {
    const { json } = await exchange({ requested_token_type: ID_TOKEN })
    assert.deepEqual([json.token_type, json.issued_token_type], ['N_A', ID_TOKEN])
    assert.deepEqual([claimsOf(json.access_token).typ, claimsOf(json.access_token).aud], ['ID', 'web-gateway'])
  })

  for (const [what, fields, status, error, words] of [
    [
      'without subject token',
      { subject_token: undefined },
      400,
      'invalid_request',
      "Parameter 'subject_token' required for standard token exchange",
    ],
    [
      'without subject token type',
      { subject_token_type: undefined },
      400,
      'invalid_request',
      "Parameter 'subject_token_type' required for standard token exchange",
    ],
    [
      'of an ID token by its type',
      { subject_token_type: ID_TOKEN },
      400,
      'invalid_request',
      "Parameter 'subject_token' supports access tokens only",
    ],
    [
      'for a refresh token',
      { requested_token_type: REFRESH_TOKEN },
      400,
      'invalid_request',
      'requested_token_type unsupported',
    ],
    [
      'of a foreign issuer',
      { subject_issuer: 'x' },
      400,
      'invalid_request',
      "Parameter 'subject_issuer' is not supported for standard token exchange",
    ],
    [
      'to a foreign issuer',
      { requested_issuer: 'x' },
      400,
      'invalid_request',
      "Parameter 'requested_issuer' is not supported for standard token exchange",
    ],
    [
      'for another subject',
      { requested_subject: 'bob' },
      400,
      'invalid_request',
      "Parameter 'requested_subject' is not supported for standard token exchange",
    ],
    ['of garbage', { subject_token: 'garbage' }, 400, 'invalid_request', 'Invalid token'],
    ['for an unknown audience', { audience: 'nobody' }, 400, 'invalid_client', 'Audience not found'],
    ['for an empty audience', { audience: '' }, 400, 'invalid_client', 'Audience not found'],
    ['for a disabled audience', { audience: 'disabled-client' }, 400, 'invalid_client', 'Client disabled'],
    [
      'for an audience without role or scope',
      { audience: 'other-gateway' },
      400,
      'invalid_request',
      'Requested audience not available: other-gateway',
    ],
    [
      'with an unknown scope',
      { scope: 'dance billing-audience' },
      400,
      'invalid_scope',
      'Invalid scopes: dance billing-audience',
    ],
  ] as const) {
    test(`an exchange ${what} is ${status} ${error}`, async () => {
      assertRefused(await exchange(fields), [status, error, words])
    })
  }

  test('an exchange without the scope openid costs later refreshes their ID token, one with it brings it back', async () => {
    const hasIdToken = async () => (await tokensOf('alice')).id_token !== undefined
    await exchange({ scope: 'openid billing-audience', audience: 'billing' })
    assert.equal(await hasIdToken(), true)
    await exchange({ scope: 'billing-audience', audience: 'billing' })
    assert.equal(await hasIdToken(), false)
    assert.deepEqual(wordsOf((await exchange({})).json.scope), ['email', 'profile'])
    await exchange({ scope: 'openid' })
    assert.equal(await hasIdToken(), true)
    assert.deepEqual(wordsOf((await exchange({})).json.scope), ['email', 'openid', 'profile'])
    await exchange({ scope: 'billing-audience', audience: 'other-gateway' })
    assert.equal(await hasIdToken(), false)
  })

  test('an exchange of a forged token, an ID token or a refresh token is an invalid token', async () => {
    const { json: tokens } = await logIn(createBrowser(), pair.main, 'web-gateway', 'alice')
    const forged = `${String(tokens.access_token).slice(0, -6)}AAAAAA`
    for (const token of [forged, tokens.id_token, tokens.refresh_token])
      assertRefused(await exchange({ subject_token: String(token) }), [400, 'invalid_request', 'Invalid token'])
  })

  test('a token of another realm cannot be exchanged', async () => {
    const { json } = await post(pair.models, 'token', 'model-gateway', { grant_type: 'client_credentials' })
    const answer = await exchange({ subject_token: String(json.access_token) })
    assertRefused(answer, [400, 'invalid_request', 'Invalid token'])
  })

  test('the audience of the second realm needs its scope in the same call', async () => {
    const words = `Requested audience not available: ${pair.models}`
    assertRefused(await exchange({ audience: pair.models }), [400, 'invalid_request', words])
    assert.equal(claimsOf(await assertionOf('alice')).aud, pair.models)
  })

  test('a person without a role there needs the scope for an audience', async () => {
    const answer = await exchange({ audience: 'billing' }, 'bob')
    assertRefused(answer, [400, 'invalid_request', 'Requested audience not available: billing'])
  })

  test('a client without the switch cannot exchange, whatever it sends', async () => {
    const words = 'Standard token exchange is not enabled for the requested client'
    assertRefused(await exchange({}, 'alice', 'other-gateway'), [400, 'invalid_request', words])
    const nothing = { subject_token: undefined, subject_token_type: undefined }
    assertRefused(await exchange(nothing, 'alice', 'other-gateway'), [400, 'invalid_request', words])
  })

  test('a client outside the audience of the subject token is denied', async () => {
    const answer = await exchange({}, 'alice', 'test-driver')
    assertRefused(answer, [403, 'access_denied', 'Client is not within the token audience'])
  })

  test('the grant gives a token of the linked person, without session and refresh token', async () => {
    const { status, json } = await grant(await assertionOf('alice'))
    assert.equal(status, 200)
    const { access_token: token, scope, expires_in, ...rest } = json
    assertMinute(expires_in)
    assert.deepEqual(rest, { refresh_expires_in: 0, token_type: 'Bearer', 'not-before-policy': 0 })
    assert.deepEqual(wordsOf(scope), ['email', 'profile'])
    const { iss, sub, aud, azp, sid, auth_time, preferred_username, resource_access, jti } = claimsOf(token)
    assert.deepEqual(
      { iss, sub, aud: sorted(aud), azp, sid, auth_time, preferred_username },
      {
        iss: pair.models,
        sub: '00000000-0000-4000-8000-0000000000a1',
        aud: ['account', 'llm'],
        azp: 'model-gateway',
        sid: undefined,
        auth_time: undefined,
        preferred_username: 'alice',
      },
    )
    assert.deepEqual((resource_access as Record<string, unknown>).llm, { roles: ['infer'] })
    assert.match(String(jti), /^trrtag:/)
  })

  test('the grant gives an ID token with the scope openid', async () => {
    const { json } = await grant(await assertionOf('alice'), { scope: 'openid' })
    assert.equal(claimsOf(json.id_token).aud, 'model-gateway')
  })

  test('an assertion is good for one grant, also for one that was refused', async () => {
    const used = await assertionOf('alice')
    assert.equal((await grant(used)).status, 200)
    assertRefused(await grant(used), [400, 'invalid_grant', 'Token reuse detected'])
    const spoiled = await assertionOf('alice')
    assertRefused(await grant(spoiled, { scope: 'dance' }), [400, 'invalid_scope', 'Invalid scopes: dance'])
    assertRefused(await grant(spoiled), [400, 'invalid_grant', 'Token reuse detected'])
  })

  for (const [what, assertion, words] of [
    ['nothing', async () => undefined, 'Missing parameter:assertion'],
    ['garbage', async () => 'garbage', 'The provided assertion is not a valid JWT'],
    ['somebody who is not linked', () => assertionOf('bob'), 'User not found'],
    ['a service account', () => assertionOf('the gateway'), 'User not found'],
    [
      'a token for several audiences',
      () => assertionOf('alice', { audience: undefined }),
      'Multiple audiences not allowed',
    ],
    ['a token for somebody else', () => assertionOf('alice', { audience: 'reports' }), 'Invalid token audience'],
    [
      'a broken signature',
      async () => (await assertionOf('alice')).replace(/[^.]*$/, 'A'.repeat(342)),
      'Invalid signature',
    ],
    [
      'a token of the realm itself',
      async () => String((await grant(await assertionOf('alice'))).json.access_token),
      'No Identity Provider for provided issuer',
    ],
  ] as const) {
    test(`the grant refuses ${what}`, async () => {
      assertRefused(await grant(await assertion()), [400, 'invalid_grant', words])
    })
  }

  test('the grant refuses a client without the switch', async () => {
    const words = 'JWT Authorization Grant is not supported for the requested client'
    assertRefused(await grant(await assertionOf('alice'), {}, 'llm'), [400, 'invalid_grant', words])
  })

  test('introspection tells a client in the audience everything', async () => {
    const { access_token: token } = await tokensOf('alice')
    const { status, json } = await introspect(token, 'reports')
    assert.equal(status, 200)
    const { active, token_type, username, client_id, sub, sid, organization, email } = json
    assert.deepEqual(
      { active, token_type, username, client_id, organization, email },
      {
        active: true,
        token_type: 'Bearer',
        username: 'alice',
        client_id: 'web-gateway',
        organization: ['acme'],
        email: 'alice@example.test',
      },
    )
    assert.deepEqual([sub, sid], [claimsOf(token).sub, claimsOf(token).sid])
  })

  test('introspection tells nobody else, not even the client the token was issued to', async () => {
    const { json } = await exchange({ audience: 'billing', scope: 'billing-audience' })
    assert.equal((await introspect(json.access_token, 'billing')).json.active, true)
    for (const clientId of ['web-gateway', 'reports'])
      assert.deepEqual((await introspect(json.access_token, clientId)).json, { active: false })
  })

  test('introspection knows service accounts and ID tokens, and refresh tokens only by their hint', async () => {
    const { json: tokens } = await logIn(createBrowser(), pair.main, 'web-gateway', 'alice')
    const { json: account } = await introspect(await subjectTokenOf('the gateway'), 'web-gateway')
    assert.deepEqual([account.active, account.username], [true, 'service-account-web-gateway'])
    const { json: id } = await introspect(tokens.id_token, 'web-gateway')
    assert.deepEqual([id.active, id.token_type], [true, 'ID'])
    assert.deepEqual((await introspect(tokens.refresh_token, 'web-gateway')).json, { active: false })
    const { json: refresh } = await introspect(tokens.refresh_token, 'web-gateway', {
      token_type_hint: 'refresh_token',
    })
    assert.deepEqual([refresh.active, refresh.token_type], [true, 'Refresh'])
  })

  test('introspection of garbage is inactive, of nothing 400, with a wrong secret or client 401', async () => {
    assert.deepEqual(await introspect('garbage', 'reports'), { status: 200, json: { active: false } })
    assertRefused(await post(pair.main, 'token/introspect', 'reports', {}), [
      400,
      'invalid_request',
      'Token not provided.',
    ])
    assertRefused(await introspect('garbage', 'reports', { client_secret: 'wrong' }), [
      401,
      'invalid_client',
      'Client authentication failed.',
    ])
    assertRefused(await introspect('garbage', 'nobody'), [
      401,
      'invalid_client',
      'Invalid client or Invalid client credentials',
    ])
  })

  test('organizations are a list, of those asked for', async () => {
    assert.deepEqual(claimsOf((await tokensOf('alice')).access_token).organization, ['acme'])
    assert.deepEqual(sorted(claimsOf((await tokensOf('bob')).access_token).organization), ['acme', 'globex'])
    for (const [username, scope, expected] of [
      ['bob', 'openid organization:globex', ['globex']],
      ['alice', 'openid organization:globex', undefined],
      ['bob', 'openid', undefined],
    ] as const) {
      const { json } = await logIn(createBrowser(), pair.main, 'web-gateway', username, { scope })
      for (const token of [json.access_token, json.id_token])
        assert.deepEqual(claimsOf(token).organization, expected, scope)
    }
  })

  test('prompt=none and the hint without a session in the second realm is login_required', async () => {
    const url = authorizationUrl(pair.models, 'model-gateway', { kc_idp_hint: 'main', prompt: 'none' })
    const { response } = await travel(browser, url, 'alice')
    assert.equal(response.get('error'), 'login_required')
    assert.equal(response.get('iss'), pair.models)
  })

  test('whoever is logged in to main is logged in to models without a page, as the linked person', async () => {
    const hint = { kc_idp_hint: 'main' }
    const { json, pages } = await logIn(browser, pair.models, 'model-gateway', 'alice', hint)
    assert.equal(pages, 0)
    const { sub, sid, iss } = claimsOf(json.access_token)
    assert.deepEqual([sub, iss], ['00000000-0000-4000-8000-0000000000a1', pair.models])
    assert.notEqual(sid, claimsOf((await tokensOf('alice')).access_token).sid)
    const fields = { grant_type: 'refresh_token', refresh_token: String(json.refresh_token) }
    assert.equal((await post(pair.models, 'token', 'model-gateway', fields)).status, 200)
    const silent = authorizationUrl(pair.models, 'model-gateway', { ...hint, prompt: 'none' })
    assert.equal((await travel(browser, silent, 'alice')).response.has('code'), true)
  })

  test('whoever is not linked is asked in main, and becomes a person of models without roles', async () => {
    const hint = { kc_idp_hint: 'main' }
    const { json, pages } = await logIn(createBrowser(), pair.models, 'model-gateway', 'carol', hint)
    assert.equal(pages > 0, true)
    const { preferred_username, email, sub, resource_access } = claimsOf(json.access_token)
    assert.deepEqual([preferred_username, email], ['carol', 'carol@example.test'])
    assert.deepEqual(Object.keys(resource_access ?? {}), ['account'])
    const again = await logIn(createBrowser(), pair.models, 'model-gateway', 'carol', hint)
    assert.equal(claimsOf(again.json.access_token).sub, sub)
  })

  test('an exchanged token ends with its session, a token by the grant does not', async () => {
    const visitor = createBrowser()
    const { json: tokens } = await logIn(visitor, pair.main, 'web-gateway', 'alice')
    const subject = { subject_token: String(tokens.access_token) }
    const exchanged = await exchange({ ...subject, audience: 'billing', scope: 'billing-audience' })
    const assertion = await exchange({ ...subject, audience: pair.models, scope: 'models-realm' })
    const granted = await grant(String(assertion.json.access_token))
    const refreshToken = String(tokens.refresh_token)
    const credentials = { client_id: 'web-gateway', client_secret: 'web-gateway-test-secret' }
    const body = new URLSearchParams({ ...credentials, refresh_token: refreshToken })
    const logout = await fetch(`${pair.main}/protocol/openid-connect/logout`, { method: 'POST', body })
    assert.equal(logout.status, 204)
    assert.deepEqual((await introspect(exchanged.json.access_token, 'billing')).json, { active: false })
    assertRefused(await exchange(subject), [400, 'invalid_request', 'Invalid token'])
    const token = String(granted.json.access_token)
    assert.equal((await post(pair.models, 'token/introspect', 'llm', { token })).json.active, true)
  })
}
