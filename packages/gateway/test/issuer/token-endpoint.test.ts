import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import type { Reply } from '../../src/http/reply.ts'
import type { KnownService } from '../../src/issuer/service-auth.ts'
import { serveToken } from '../../src/issuer/token-endpoint.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { SecondLogin } from '../../src/session/session.ts'
import { storeSecondLogin } from '../../src/tokens/second-login.ts'
import { headerOf } from '../support/cookie-jar.ts'
import { bearerBeneficiary, beneficiaryOf, tokenOf } from '../support/credentials.ts'
import { buildTokens } from '../support/sessions.ts'
import {
  AGENT,
  basic,
  buildRequest,
  createTokenBench,
  PUBLIC_URL,
  SECRET,
  type TokenBench,
} from '../support/token-bench.ts'

/** Somebody is logged in, the realms answer once, and the agent was called with an internal token. */
async function openBench() {
  const bench = await createTokenBench()
  bench.realm('main').onExchange(tokenOf('assertion-1', 1050))
  bench.realm('models').onAssertion(tokenOf('models-token', 1060.5, 'infer'))
  const { sessionId, live, who } = await bench.open()
  return { ...bench, sessionId, live, who, subjectToken: await bench.mint(who) }
}

function assertRefused(reply: Reply, status: number, error: string): void {
  assert.deepEqual([reply.status, JSON.parse(reply.body)], [status, { error }])
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
}

test('a service that proves itself gets the token of the person it was called for, and nothing else', async () => {
  const { ask, subjectToken } = await openBench()
  const reply = await ask({ subject_token: subjectToken })
  assert.equal(reply.status, 200)
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
  assert.deepEqual(JSON.parse(reply.body), {
    access_token: 'models-token',
    token_type: 'Bearer',
    expires_in: 60,
    expires_at: 1060,
    scope: 'infer',
  })
})

test('a second request finds the token warm', async () => {
  const bench = await openBench()
  await bench.ask({ subject_token: bench.subjectToken })
  assert.equal((await bench.ask({ subject_token: bench.subjectToken })).status, 200)
  assert.equal(bench.realm('models').assertions.length, 1)
})

test('what the person’s own routes have warmed up is not obtained again', async () => {
  const bench = await openBench()
  await bench.credentials.obtain({ kind: 'realm', realm: 'models' }, beneficiaryOf(bench.live), null)
  assert.equal((await bench.ask({ subject_token: bench.subjectToken })).status, 200)
  assert.equal(bench.realm('models').assertions.length, 1)
})

test('a token without a scope is told without one', async () => {
  const bench = await createTokenBench()
  bench.realm('batch').onClientToken(tokenOf('batch-token', 1300))
  const { who } = await bench.open()
  const reply = await bench.ask({ subject_token: await bench.mint(who) }, undefined, bench.optionsFor('batch'))
  assert.equal('scope' in JSON.parse(reply.body), false)
})

test('the secret may stand in the form', async () => {
  const { ask, subjectToken } = await openBench()
  const reply = await ask({ subject_token: subjectToken, client_id: 'agent', client_secret: SECRET }, {})
  assert.equal(reply.status, 200)
})

test('serving a token is told, without the token', async () => {
  const { ask, subjectToken, told, live } = await openBench()
  await ask({ subject_token: subjectToken })
  assert.deepEqual(
    told.filter((event) => event.kind.startsWith('token.')),
    [
      {
        kind: 'token.served',
        requestId: 'request-1',
        realm: 'models',
        calledService: null,
        service: 'agent',
        subject: 'alice-id',
        session: live.session.handle,
      },
    ],
  )
})

test('a refusal is told with its reason, and with the service once it is known', async () => {
  const { ask, told } = await openBench()
  await ask({ subject_token: 'forged' })
  await ask({ subject_token: 'forged' }, { authorization: basic('mallory', 'guess') })
  assert.deepEqual(
    told.flatMap((event) => (event.kind === 'token.refused' ? [[event.service, event.error]] : [])),
    [
      ['agent', 'invalid_grant'],
      [null, 'invalid_client'],
    ],
  )
})

const WRONG_SECRETS: Readonly<Record<string, string>> = {
  'a wrong secret': basic('agent', 'guess'),
  'an unknown service': basic('mallory', SECRET),
  'a service that signs assertions': basic('signer', SECRET),
  'the secret of another service': basic('feed', SECRET),
  'a secret that is not form-encoded': `Basic ${Buffer.from(`agent:${SECRET}`).toString('base64')}`,
  'a name without a secret': `Basic ${Buffer.from('agent').toString('base64')}`,
  'an empty secret': basic('agent', ''),
  'a bearer token': 'Bearer something',
  'the name of a property': basic('constructor', 'guess'),
}

for (const [what, authorization] of Object.entries(WRONG_SECRETS)) {
  test(`${what} is invalid_client, always in the same words`, async () => {
    const { ask, subjectToken } = await openBench()
    const reply = await ask({ subject_token: subjectToken }, { authorization })
    assertRefused(reply, 401, 'invalid_client')
    assert.equal(headerOf(reply, 'www-authenticate'), 'Basic realm="doorman"')
  })
}

test('no proof at all is invalid_client', async () => {
  const { ask, subjectToken } = await openBench()
  assertRefused(await ask({ subject_token: subjectToken }, {}), 401, 'invalid_client')
  assertRefused(await ask({ subject_token: subjectToken, client_secret: SECRET }, {}), 401, 'invalid_client')
})

test('two proofs at once are an invalid request, though both are right', async () => {
  const { ask, subjectToken } = await openBench()
  const fields = { subject_token: subjectToken, client_id: 'agent', client_secret: SECRET }
  assertRefused(await ask(fields), 400, 'invalid_request')
})

test('Basic and a client_id that is somebody else are refused', async () => {
  const { ask, subjectToken } = await openBench()
  assertRefused(await ask({ subject_token: subjectToken, client_id: 'feed' }), 401, 'invalid_client')
})

test('a service that is not listed for the realm is unauthorized, whatever it presents', async () => {
  const { ask, subjectToken } = await openBench()
  const reply = await ask({ subject_token: subjectToken }, { authorization: basic('feed', 'feed secret') })
  assertRefused(reply, 403, 'unauthorized_client')
})

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

function signed(subjectToken: string, assertion: string, changes: Readonly<Record<string, string>> = {}) {
  const proof = { client_assertion: assertion, client_assertion_type: JWT_BEARER }
  return { subject_token: subjectToken, ...proof, ...changes }
}

test('a service may prove itself by an assertion it signs, for us or for this very address', async () => {
  const { ask, assertion, subjectToken } = await openBench()
  const audiences = [PUBLIC_URL, `${PUBLIC_URL}/auth/token/models`, [PUBLIC_URL]]
  for (const aud of audiences) {
    assert.equal((await ask(signed(subjectToken, await assertion({ aud })), {})).status, 200)
  }
  assert.equal((await ask(signed(subjectToken, await assertion({}, { typ: 'JWT' })), {})).status, 200)
})

test('each assertion is taken once', async () => {
  const { ask, assertion, subjectToken } = await openBench()
  const once = await assertion()
  assert.equal((await ask(signed(subjectToken, once), {})).status, 200)
  assertRefused(await ask(signed(subjectToken, once), {}), 401, 'invalid_client')
})

const BAD_ASSERTIONS: Readonly<Record<string, (bench: TokenBench) => Promise<string>>> = {
  'of another audience': ({ assertion }) => assertion({ aud: 'https://sso.example' }),
  'of another address of ours': ({ assertion }) => assertion({ aud: `${PUBLIC_URL}/auth/token/partner` }),
  'of two audiences': ({ assertion }) => assertion({ aud: [PUBLIC_URL, 'https://evil.example'] }),
  'of another issuer': ({ assertion }) => assertion({ iss: 'agent' }),
  'in the name of a service with a secret': ({ assertion }) => assertion({ iss: 'agent', sub: 'agent' }),
  'in nobody’s name': ({ assertion }) => assertion({ iss: 'mallory', sub: 'mallory' }),
  'that has expired': ({ assertion, clock }) => assertion({ exp: clock.now() - 10 }),
  'that lives longer than five minutes': ({ assertion, clock }) => assertion({ exp: clock.now() + 400 }),
  'without an end': ({ assertion }) => assertion({ exp: undefined as unknown as number }),
  'without a jti': ({ assertion }) => assertion({ jti: undefined as unknown as string }),
  'with an empty jti': ({ assertion }) => assertion({ jti: '' }),
  'that is not valid yet': ({ assertion, clock }) => assertion({ nbf: clock.now() + 60 }),
  'of another kind': ({ assertion }) => assertion({}, { typ: 'at+jwt' }),
  'that is no JWT': async () => 'no JWT',
  'that is signed by nobody': async ({ clock }) => {
    const claims = { iss: 'signer', sub: 'signer', aud: PUBLIC_URL, exp: clock.now() + 60, jti: 'x' }
    const [header, body] = [{ alg: 'none' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    return `${header}.${body}.`
  },
  'that is signed with the public key as a secret': ({ clock }) =>
    new SignJWT({ iss: 'signer', sub: 'signer', aud: PUBLIC_URL, exp: clock.now() + 60, jti: 'x' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from('the public key is known to everybody')),
}

for (const [what, build] of Object.entries(BAD_ASSERTIONS)) {
  test(`an assertion ${what} is invalid_client`, async () => {
    const bench = await openBench()
    const reply = await bench.ask(signed(bench.subjectToken, await build(bench)), {})
    assertRefused(reply, 401, 'invalid_client')
  })
}

test('an assertion beside another client_id, or of another type, is refused', async () => {
  const { ask, assertion, subjectToken } = await openBench()
  const other = signed(subjectToken, await assertion(), { client_id: 'agent' })
  assertRefused(await ask(other, {}), 401, 'invalid_client')
  const saml = signed(subjectToken, await assertion(), { client_assertion_type: 'urn:saml' })
  assertRefused(await ask(saml, {}), 400, 'invalid_request')
})

const FORGED: Readonly<Record<string, (bench: Awaited<ReturnType<typeof openBench>>) => Promise<string>>> = {
  'that was minted for another service': ({ mint, who }) => mint(who, { ...AGENT, audience: 'reports' }),
  'that was minted for a bearer': ({ mint }) => mint(bearerBeneficiary()),
  'of the realm': async ({ live }) => live.session.tokens.accessToken,
  'that somebody else signed': async ({ assertion, live }) =>
    assertion({ iss: PUBLIC_URL, aud: 'agent', sub: 'alice-id', sid: live.session.handle }, { typ: 'at+jwt' }),
  'whose claims were changed': async ({ subjectToken }) => {
    const [header, body = '', signature] = subjectToken.split('.')
    const claims = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'bob-id' }
    return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
  },
  'that names somebody else’s session': ({ mint, who, live }) =>
    mint({ ...who, subject: 'bob-id', handle: live.session.handle, anchor: {} }),
  'of a session that never was': ({ mint, who }) => mint({ ...who, handle: 'unknown', anchor: {} }),
}

for (const [what, build] of Object.entries(FORGED)) {
  test(`a subject token ${what} is invalid_grant`, async () => {
    const bench = await openBench()
    assertRefused(await bench.ask({ subject_token: await build(bench) }), 400, 'invalid_grant')
    assert.equal(bench.realm('models').assertions.length, 0)
  })
}

/** Signs as the gateway does, but anything. */
async function signAsGateway(bench: TokenBench, claims: object, typ?: string): Promise<string> {
  const key = bench.keys.signing()
  assert.ok(key)
  const header = { alg: key.algorithm, kid: key.kid, ...(typ === undefined ? {} : { typ }) }
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(key.privateKey)
}

test('a token of our own key that is no internal token is invalid_grant', async () => {
  const bench = await openBench()
  const claims = { iss: PUBLIC_URL, aud: 'agent', sub: 'alice-id', sid: bench.live.session.handle, exp: 1060 }
  assert.equal((await bench.ask({ subject_token: await signAsGateway(bench, claims, 'at+jwt') })).status, 200)
  const others = [
    await signAsGateway(bench, claims),
    await signAsGateway(bench, claims, 'logout+jwt'),
    await signAsGateway(bench, { ...claims, iss: 'https://other.example' }, 'at+jwt'),
    await signAsGateway(bench, { ...claims, exp: undefined }, 'at+jwt'),
    await signAsGateway(bench, { ...claims, sid: 7 }, 'at+jwt'),
    await signAsGateway(bench, { ...claims, sub: undefined }, 'at+jwt'),
  ]
  for (const subjectToken of others) {
    assertRefused(await bench.ask({ subject_token: subjectToken }), 400, 'invalid_grant')
  }
})

test('a service that no internal token is minted for can present none', async () => {
  const bench = await openBench()
  const service: KnownService = { name: 'agent', proof: { kind: 'secret', secret: SECRET }, audiences: [] }
  const authenticate = async () => ({ kind: 'service', service }) as const
  const options = bench.optionsFor('models', { authenticate })
  assertRefused(await bench.ask({ subject_token: bench.subjectToken }, {}, options), 400, 'invalid_grant')
})

test('a subject token that has expired is invalid_grant, though the session lives', async () => {
  const bench = await openBench()
  bench.clock.advance(66)
  assertRefused(await bench.ask({ subject_token: bench.subjectToken }), 400, 'invalid_grant')
})

test('a subject token does not outlive its session', async () => {
  const bench = await openBench()
  await bench.ask({ subject_token: bench.subjectToken })
  await bench.lifecycle.end(bench.live, 'user', 'logged out')
  assertRefused(await bench.ask({ subject_token: bench.subjectToken }), 400, 'invalid_grant')
})

test('a session that ends while its token is obtained has none', async () => {
  const bench = await openBench()
  const usual = bench.optionsFor('models')
  const options = bench.optionsFor('models', {
    async obtain(live, tenant) {
      const obtained = await usual.obtain(live, tenant)
      await bench.lifecycle.end(live, 'user', 'logged out')
      return obtained
    },
  })
  assertRefused(await bench.ask({ subject_token: bench.subjectToken }, undefined, options), 400, 'invalid_grant')
  assert.equal(bench.realm('models').assertions.length, 1)
})

test('a session whose refresh is rejected is invalid_grant', async () => {
  const bench = await openBench()
  bench.realm('main').onRefresh({ kind: 'rejected', because: 'invalid_grant', isEnd: true })
  bench.clock.advance(60)
  const claims = { iss: PUBLIC_URL, aud: 'agent', sub: 'alice-id', sid: bench.live.session.handle, exp: 1100 }
  const subjectToken = await signAsGateway(bench, claims, 'at+jwt')
  assertRefused(await bench.ask({ subject_token: subjectToken }), 400, 'invalid_grant')
})

test('a session whose tokens are lost is invalid_grant, whether that is found now or was before', async () => {
  const bench = await openBench()
  bench.realm('main').onRefresh({ kind: 'rejected', because: 'reuse', isEnd: false })
  bench.clock.advance(60)
  const claims = { iss: PUBLIC_URL, aud: 'agent', sub: 'alice-id', sid: bench.live.session.handle, exp: 1100 }
  const subjectToken = await signAsGateway(bench, claims, 'at+jwt')
  assertRefused(await bench.ask({ subject_token: subjectToken }), 400, 'invalid_grant')
  assertRefused(await bench.ask({ subject_token: subjectToken }), 400, 'invalid_grant')
  assert.equal((await bench.lifecycle.findByHandle(bench.live.session.handle)).kind, 'lost')
})

test('asking for a token is no use of the session: its idle limit goes on', async () => {
  const bench = await openBench()
  const { lastUsedAt } = bench.live
  bench.clock.advance(10)
  await bench.ask({ subject_token: bench.subjectToken })
  assert.equal(bench.live.lastUsedAt, lastUsedAt)
})

test('a person who has not logged in at the second realm needs to', async () => {
  const bench = await openBench()
  const reply = await bench.ask({ subject_token: bench.subjectToken }, undefined, bench.optionsFor('partner'))
  assertRefused(reply, 403, 'interaction_required')
})

test('the token of a second login is served, and never its refresh token', async () => {
  const bench = await openBench()
  const login: SecondLogin = {
    issuer: 'https://sso.example/realms/partner',
    subject: 'alice-at-partner',
    tokens: buildTokens({ accessToken: 'partner-1', refreshToken: 'partner-refresh-1' }),
    scope: 'openid',
    refreshDueAt: 1040,
  }
  await storeSecondLogin(bench.live, 'partner', login, bench.lifecycle)
  const { body } = await bench.ask({ subject_token: bench.subjectToken }, undefined, bench.optionsFor('partner'))
  assert.equal(JSON.parse(body).access_token, 'partner-1')
  assert.doesNotMatch(body, /refresh/)
})

const TROUBLE = [
  [{ kind: 'refused', blame: 'forbidden', because: 'not linked' }, 403, 'access_denied'],
  [{ kind: 'refused', blame: 'misconfigured', because: 'switched off' }, 502, 'server_error'],
  [{ kind: 'unavailable', because: '503', retryAfterSeconds: 4 }, 503, 'temporarily_unavailable'],
] as const

for (const [result, status, error] of TROUBLE) {
  test(`a second realm that answers ${result.kind} ${'blame' in result ? result.blame : ''} is ${error}`, async () => {
    const bench = await createTokenBench()
    bench.realm('main').onExchange(tokenOf('assertion-1', 1050))
    bench.realm('models').onAssertion(result)
    const { who } = await bench.open()
    const reply = await bench.ask({ subject_token: await bench.mint(who) })
    assertRefused(reply, status, error)
    assert.equal(headerOf(reply, 'retry-after'), status === 503 ? '4' : undefined)
  })
}

test('a store that is down is temporarily_unavailable', async () => {
  const bench = await openBench()
  const sessions = {
    now: bench.clock.now,
    findByHandle: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')),
  }
  const reply = await bench.ask(
    { subject_token: bench.subjectToken },
    undefined,
    bench.optionsFor('models', { sessions }),
  )
  assertRefused(reply, 503, 'temporarily_unavailable')
  assert.equal(headerOf(reply, 'retry-after'), '1')
})

test('without signing keys nothing can be judged: temporarily_unavailable', async () => {
  const bench = await openBench()
  const keys = { keySet: () => ({ keys: [] }) }
  const subjectTokens = { ...bench.optionsFor('models').subjectTokens, keys }
  const options = bench.optionsFor('models', { subjectTokens })
  assertRefused(
    await bench.ask({ subject_token: bench.subjectToken }, undefined, options),
    503,
    'temporarily_unavailable',
  )
})

const BY_A_BROWSER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Origin: { origin: PUBLIC_URL },
  'Sec-Fetch-Site': { 'sec-fetch-site': 'same-origin' },
  'Sec-Fetch-Dest': { 'sec-fetch-dest': 'empty' },
  'a session cookie': { cookie: 'a=b; __Host-Http-doorman=anything' },
  'a cookie of another of our realms': { cookie: '__Host-Http-doorman-realm-x=anything' },
}

for (const [what, headers] of Object.entries(BY_A_BROWSER)) {
  test(`a request with ${what} gets no token, however well it proves itself`, async () => {
    const { ask, subjectToken } = await openBench()
    const sent = { authorization: basic('agent', SECRET), ...headers }
    assertRefused(await ask({ subject_token: subjectToken }, sent), 403, 'access_denied')
  })
}

test('what a service’s own fetch and balancer add does not make it a browser', async () => {
  const { ask, subjectToken } = await openBench()
  const sent = { authorization: basic('agent', SECRET), 'sec-fetch-mode': 'cors', cookie: 'route=7' }
  assert.equal((await ask({ subject_token: subjectToken }, sent)).status, 200)
})

test('a form without a subject token, with an unknown field, or unreadable, is an invalid request', async () => {
  const bench = await openBench()
  assertRefused(await bench.ask({}), 400, 'invalid_request')
  assertRefused(await bench.ask({ subject_token: bench.subjectToken, audience: 'x' }), 400, 'invalid_request')
  const unreadable = () => Promise.reject(new GatewayError('ERR_REQUEST_MALFORMED'))
  const request = buildRequest('/auth/token/models', { authorization: basic('agent', SECRET) })
  assertRefused(await serveToken(request, unreadable, bench.optionsFor('models')), 400, 'invalid_request')
})

test('an address with a query is refused: tokens do not belong there', async () => {
  const bench = await openBench()
  const proof = { authorization: basic('agent', SECRET) }
  const form = new Map([['subject_token', bench.subjectToken]])
  const request = buildRequest('/auth/token/models?subject_token=x', proof)
  assertRefused(await serveToken(request, async () => form, bench.optionsFor('models')), 400, 'invalid_request')
})

test('a fault of ours is not told as a refusal', async () => {
  const bench = await openBench()
  const faulty = () => Promise.reject(new TypeError('a mistake'))
  const request = buildRequest('/auth/token/models', {})
  await assert.rejects(serveToken(request, faulty, bench.optionsFor('models')), TypeError)
})
