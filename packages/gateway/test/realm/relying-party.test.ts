import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { RelyingPartyOptions } from '../../src/realm/create-relying-party.ts'
import type { AuthorizationRequest } from '../../src/realm/relying-party.ts'
import { NOW, REDIRECT_URI, type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { type Script, type ScriptedRealm, sendJson } from '../support/scripted-realm.ts'

const authorizationRequest: AuthorizationRequest = {
  redirectUri: REDIRECT_URI,
  state: 'the-state',
  nonce: 'the-nonce',
  // The verifier and challenge of RFC 7636 appendix B.
  codeVerifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  parameters: { kc_idp_hint: 'a&b=c#d', ui_locales: 'de en' },
}

async function withHarness(
  body: (harness: RealmHarness) => Promise<void>,
  change: (realm: ScriptedRealm) => Partial<RelyingPartyOptions> = () => ({}),
): Promise<void> {
  const harness = await startHarness(change)
  try {
    await body(harness)
  } finally {
    await harness.close()
  }
}

const healthyToken: Script = (_request, response) => sendJson(response, 400, { error: 'invalid_grant' })

function isReady({ relyingParty }: RealmHarness): boolean {
  return relyingParty.readiness().kind === 'ready'
}

function unreadyBecause({ relyingParty }: RealmHarness): string {
  const readiness = relyingParty.readiness()
  return readiness.kind === 'unready' ? readiness.because : ''
}

test('an authorization request has PKCE with S256, state, nonce and openid, all encoded', () =>
  withHarness(async ({ relyingParty, realm }) => {
    const url = await relyingParty.buildAuthorizationUrl(authorizationRequest)
    assert.equal(url.origin + url.pathname, `${realm.issuer}/protocol/openid-connect/auth`)
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      response_type: 'code',
      client_id: 'web-gateway',
      scope: 'openid profile',
      redirect_uri: REDIRECT_URI,
      state: 'the-state',
      nonce: 'the-nonce',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      kc_idp_hint: 'a&b=c#d',
      ui_locales: 'de en',
    })
  }))

test('an extra parameter cannot replace one of ours', () =>
  withHarness(async ({ relyingParty }) => {
    const parameters = { redirect_uri: 'https://evil.example/', code_challenge_method: 'plain', scope: 'email' }
    const url = await relyingParty.buildAuthorizationUrl({ ...authorizationRequest, parameters })
    assert.deepEqual(url.searchParams.getAll('redirect_uri'), [REDIRECT_URI])
    assert.deepEqual(url.searchParams.getAll('code_challenge_method'), ['S256'])
    assert.deepEqual(url.searchParams.getAll('scope'), ['openid profile'])
  }))

test('the end-session redirect carries the hint, the way back and the client', () =>
  withHarness(async ({ relyingParty, realm }) => {
    const request = {
      idTokenHint: 'hint',
      postLogoutRedirectUri: 'https://app.example.com/auth/logged-out',
      state: 's',
    }
    assert.equal(relyingParty.buildEndSessionUrl(request), null)
    await relyingParty.announcesIssuer()
    const url = relyingParty.buildEndSessionUrl(request)
    assert.equal(url!.origin + url!.pathname, `${realm.issuer}/protocol/openid-connect/logout`)
    assert.deepEqual(Object.fromEntries(url!.searchParams), {
      id_token_hint: 'hint',
      post_logout_redirect_uri: 'https://app.example.com/auth/logged-out',
      state: 's',
      client_id: 'web-gateway',
    })
    const withoutHint = relyingParty.buildEndSessionUrl({ ...request, idTokenHint: null })
    assert.equal(withoutHint!.searchParams.has('id_token_hint'), false)
  }))

test('the realm session is ended by the refresh token, with the client authenticated', () =>
  withHarness(async ({ relyingParty, realm }) => {
    await relyingParty.announcesIssuer()
    assert.equal(await relyingParty.endSession('refresh-1'), true)
    const [sent] = realm.seenAt('logout')
    assert.equal(sent!.method, 'POST')
    assert.deepEqual(Object.fromEntries(sent!.form), { refresh_token: 'refresh-1' })
    assert.match(sent!.headers.authorization ?? '', /^Basic /)
    realm.answer('logout', (_request, response) => sendJson(response, 400, { error: 'invalid_grant' }))
    assert.equal(await relyingParty.endSession('refresh-1'), false)
    realm.answer('logout', (_request, response) => response.destroy())
    assert.equal(await relyingParty.endSession('refresh-1'), false)
  }))

test('is ready once discovery succeeded and the realm knows the client', () =>
  withHarness(async (harness) => {
    const { relyingParty, realm, clock } = harness
    assert.equal(isReady(harness), false)
    relyingParty.start()
    await harness.until(() => isReady(harness))
    assert.equal(relyingParty.metadataExpiresAt(), clock.now + 600)
    assert.equal(realm.seenAt('openid-configuration').length, 1)
    assert.deepEqual(harness.warnings(), [])
  }))

test('all calls go to the back channel, and browsers to the public address', () =>
  withHarness(
    async (harness) => {
      const { relyingParty, realm } = harness
      realm.answer('openid-configuration', (_request, response) => {
        const issuer = 'https://sso.example.com/realms/main'
        const text = JSON.stringify({ ...realm.metadata(), issuer }).replaceAll(realm.origin, 'https://sso.example.com')
        response.writeHead(200).end(text)
      })
      relyingParty.start()
      await harness.until(() => isReady(harness))
      await harness.grant({ id_token: undefined })
      assert.equal(
        (await relyingParty.refresh('r', { issuer: relyingParty.issuer, subject: 'alice' })).kind,
        'refreshed',
      )
      assert.equal(await relyingParty.endSession('r'), true)
      const url = await relyingParty.buildAuthorizationUrl(authorizationRequest)
      assert.equal(url.origin, 'https://sso.example.com')
      const seen = new Set(realm.seen.map(({ path }) => path.replace(/\?.*/, '').split('/').at(-1)))
      assert.deepEqual([...seen].sort(), ['auth', 'logout', 'openid-configuration', 'token'])
    },
    (realm) => ({ issuer: 'https://sso.example.com/realms/main', backchannelUrl: realm.origin }),
  ))

test('no call carries an Origin, a double slash or a semicolon', () =>
  withHarness(async (harness) => {
    const { relyingParty, realm } = harness
    relyingParty.start()
    await harness.until(() => isReady(harness))
    await harness.grant()
    await relyingParty.refresh('r', { issuer: realm.issuer, subject: 'alice' })
    await relyingParty.endSession('r')
    for (const { path, headers } of realm.seen) {
      assert.equal(headers.origin, undefined)
      assert.doesNotMatch(path.replace(/\?.*/, ''), /\/\/|;/)
    }
    assert.ok(realm.seen.length >= 6)
  }))

const troubles: ReadonlyArray<readonly [name: string, script: Script, because: RegExp]> = [
  [
    'a starting Keycloak',
    (_, response) => response.writeHead(503, { 'retry-after': '31' }).end('Bootstrap'),
    /starting.*503/,
  ],
  ['a missing realm', (_, response) => sendJson(response, 404, { error: 'Realm does not exist' }), /no such realm/],
  ['a redirect', (_, response) => response.writeHead(301, { location: 'https://x.example/' }).end(), /redirects/],
  ['a page instead of metadata', (_, response) => response.writeHead(200).end('<html>'), /no JSON/],
  [
    'another issuer',
    (_, response) => sendJson(response, 200, { issuer: 'https://other.example' }),
    /https:\/\/other\.example/,
  ],
  ['a cut connection', (_, response) => response.destroy(), /broke off/],
]

for (const [name, script, because] of troubles) {
  test(`${name} makes it unready in words, logins answer 503, and it recovers by itself`, () =>
    withHarness(async (harness) => {
      const { relyingParty, realm } = harness
      realm.answer('openid-configuration', script)
      relyingParty.start()
      await harness.until(() => because.test(unreadyBecause(harness)))
      await assert.rejects(relyingParty.buildAuthorizationUrl(authorizationRequest), (error) =>
        isGatewayError(error, 'ERR_REALM_UNREACHABLE'),
      )
      await harness.until(() => realm.seenAt('openid-configuration').length >= 4)
      assert.equal(harness.warnings().length, 1)
      realm.answer('openid-configuration', (_request, response) => sendJson(response, 200, realm.metadata()))
      await harness.until(() => isReady(harness))
    }))
}

test('a realm that takes no connections makes it unready', () =>
  withHarness(
    async (harness) => {
      harness.relyingParty.start()
      await harness.until(() => /ECONNREFUSED/.test(unreadyBecause(harness)))
    },
    // Port 1 of loopback: nobody listens there.
    () => ({ issuer: 'http://127.0.0.1:1/realms/main' }),
  ))

test('a login that comes while the first discovery is under way waits for it', () =>
  withHarness(async ({ relyingParty, realm }) => {
    relyingParty.start()
    await relyingParty.buildAuthorizationUrl(authorizationRequest)
    assert.equal(realm.seenAt('openid-configuration').length, 1)
  }))

test('metadata is renewed in the background, and kept when the realm has gone', () =>
  withHarness(
    async (harness) => {
      const { relyingParty, realm } = harness
      relyingParty.start()
      await realm.nextAt('openid-configuration')
      await realm.nextAt('openid-configuration')
      realm.answer('openid-configuration', (_request, response) => response.writeHead(500).end())
      await harness.until(() => harness.warnings().length > 0)
      assert.equal(isReady(harness), true)
      await relyingParty.buildAuthorizationUrl(authorizationRequest)
      await harness.until(() => harness.warnings().length > 0)
    },
    () => ({ metadataSeconds: 0.03 }),
  ))

const refusals: ReadonlyArray<readonly [name: string, endpoint: string, script: Script, because: RegExp]> = [
  [
    'a wrong secret',
    'token',
    (_, response) => sendJson(response, 401, { error: 'unauthorized_client' }),
    /401 unauthorized_client/,
  ],
  [
    'a refused assertion',
    'token',
    (_, response) => sendJson(response, 400, { error: 'invalid_client' }),
    /400 invalid_client/,
  ],
  [
    'an unknown redirect URI',
    'auth',
    (_, response) => response.writeHead(400).end('<html>'),
    /redirect URI https:\/\/app\.example\.com/,
  ],
  [
    'an unknown scope',
    'auth',
    (_, response) => response.writeHead(302, { location: `${REDIRECT_URI}?error=invalid_scope` }).end(),
    /invalid_scope/,
  ],
]

for (const [name, endpoint, script, because] of refusals) {
  test(`${name} is found at start and named once, until it is mended`, () =>
    withHarness(async (harness) => {
      const { relyingParty, realm } = harness
      const login = (_request: unknown, response: Parameters<Script>[1]) =>
        void response.writeHead(302, { location: `${REDIRECT_URI}?error=login_required` }).end()
      realm.answer(endpoint, script)
      relyingParty.start()
      await harness.until(() => because.test(unreadyBecause(harness)))
      await harness.until(() => realm.seenAt('token').length >= 3)
      assert.equal(harness.warnings().filter((warning) => because.test(warning)).length, 1)
      realm.answer(endpoint, endpoint === 'token' ? healthyToken : login)
      await harness.until(() => isReady(harness))
    }))
}

test('a realm that nobody logs in to is not asked about a redirect URI', () =>
  withHarness(
    async (harness) => {
      harness.realm.answer('auth', (_request, response) => response.writeHead(400).end('<html>'))
      harness.relyingParty.start()
      await harness.until(() => isReady(harness))
      assert.equal(harness.realm.seenAt('token').length, 1)
      assert.equal(harness.realm.seenAt('auth').length, 0)
      assert.deepEqual(harness.warnings(), [])
    },
    () => ({ isLoginRealm: false, scopes: [] }),
  ))

test('a realm that nobody logs in to still says whether it refuses the client', () =>
  withHarness(
    async (harness) => {
      harness.realm.answer('token', (_request, response) => sendJson(response, 401, { error: 'invalid_client' }))
      harness.relyingParty.start()
      await harness.until(() => /401 invalid_client/.test(unreadyBecause(harness)))
    },
    () => ({ isLoginRealm: false, scopes: [] }),
  ))

test('a realm that cannot be asked about the client is no reason to be unready', () =>
  withHarness(async (harness) => {
    harness.realm.answer('token', (_request, response) => response.writeHead(500).end())
    harness.relyingParty.start()
    await harness.until(() => isReady(harness))
  }))

test('the client is not asked about again once the realm has accepted it', () =>
  withHarness(
    async (harness) => {
      harness.relyingParty.start()
      await harness.until(() => isReady(harness))
      await harness.until(() => harness.realm.seenAt('openid-configuration').length >= 4)
      assert.equal(harness.realm.seenAt('token').length, 1)
      assert.equal(harness.realm.seenAt('auth').length, 1)
    },
    () => ({ metadataSeconds: 0.02 }),
  ))

test('a development realm is refused and told where it is not allowed', async () => {
  let refusedCount = 0
  await withHarness(
    async (harness) => {
      const { realm, relyingParty } = harness
      realm.answer('openid-configuration', (_request, response) =>
        sendJson(response, 200, { ...realm.metadata(), doorman_dev_realm: true }),
      )
      relyingParty.start()
      await harness.until(() => refusedCount > 0)
      assert.match(unreadyBecause(harness), /development realm/)
    },
    () => ({
      onDevRealmRefused() {
        refusedCount += 1
      },
    }),
  )
})

test('oddities of the realm are named', () =>
  withHarness(async (harness) => {
    const odd = { code_challenge_methods_supported: ['plain'], id_token_signing_alg_values_supported: ['HS256'] }
    harness.realm.answer('openid-configuration', (_request, response) =>
      sendJson(response, 200, { ...harness.realm.metadata(), ...odd }),
    )
    harness.relyingParty.start()
    await harness.until(() => isReady(harness))
    assert.equal(harness.warnings().length, 2)
  }))

for (const seconds of [3600, -90]) {
  test(`a realm clock ${seconds} s off is named once`, () =>
    withHarness(async (harness) => {
      const { relyingParty, realm, clock } = harness
      realm.answer('openid-configuration', (_request, response) => {
        response.setHeader('date', new Date((clock.now + seconds) * 1000).toUTCString())
        sendJson(response, 200, realm.metadata())
      })
      await relyingParty.announcesIssuer()
      assert.ok(Math.abs(relyingParty.clockSkewSeconds() - seconds) < 1)
      realm.answer('logout', (_request, response) => {
        response.setHeader('date', new Date((clock.now + seconds) * 1000).toUTCString())
        response.writeHead(204).end()
      })
      await relyingParty.endSession('r')
      assert.equal(harness.warnings().length, 1)
      assert.match(harness.warnings()[0]!, /clock/)
    }))
}

test('a clock off by less than 30 s is not worth a word', () =>
  withHarness(async (harness) => {
    const { relyingParty, realm, clock } = harness
    realm.answer('openid-configuration', (_request, response) => {
      response.setHeader('date', new Date((clock.now + 29) * 1000).toUTCString())
      sendJson(response, 200, realm.metadata())
    })
    await relyingParty.announcesIssuer()
    assert.deepEqual(harness.warnings(), [])
    assert.equal(clock.now, NOW)
  }))

test('every call is told with its endpoint and outcome', () =>
  withHarness(async (harness) => {
    const { relyingParty, realm } = harness
    relyingParty.start()
    await harness.until(() => isReady(harness))
    realm.answer('logout', (_request, response) => response.destroy())
    await relyingParty.endSession('r')
    const calls = harness.told.flatMap((event) =>
      event.kind === 'realm.called' ? [`${event.endpoint} ${event.outcome}`] : [],
    )
    assert.deepEqual(calls, ['discovery success', 'token refused', 'authorization success', 'logout failed'])
  }))

test('a realm that announces iss in its answers is known to', () =>
  withHarness(async ({ relyingParty }) => assert.equal(await relyingParty.announcesIssuer(), true)))
