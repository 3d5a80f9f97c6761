// The guard before the embedded realm: tokens as a realm of Keycloak's shape issues them, of people and of machines.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type DevClient, type DevRealm, startDevRealm } from '@doorman/dev-realm'
import { createBrowser } from '@doorman/dev-realm/browser'
import { createGuard } from '../src/index.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { listen } from './support/service.ts'

const CODE_VERIFIER = 'v'.repeat(50)
const SECRET = 'a-secret-of-the-tests'
const AUDIENCES = ['reports', 'reports-api']

function client(clientId: string, more: Partial<DevClient> = {}): DevClient {
  return { clientId, secret: SECRET, redirectUris: [], audiences: AUDIENCES, ...more }
}

interface Started {
  readonly realm: DevRealm
  readonly redirectUri: string
}

async function start(context: TestContext): Promise<Started> {
  const front = await listen((_request, response) => void response.end('welcome'))
  context.after(() => front.stop())
  const redirectUri = `${front.url}/callback`
  const serviceAccount = { realmRoles: ['batch'], clientRoles: { reports: ['write'] } }
  const realm = await startDevRealm({
    clients: [
      client('web', { redirectUris: [redirectUri] }),
      client('light', { redirectUris: [redirectUri], lightweightTokens: true }),
      client('nightly', { serviceAccount }),
      client('reports-api'),
    ],
  })
  context.after(() => realm.close())
  return { realm, redirectUri }
}

async function ask(realm: DevRealm, clientId: string, form: Readonly<Record<string, string>>) {
  const response = await fetch(`${realm.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${SECRET}`).toString('base64')}` },
    body: new URLSearchParams(form),
  })
  const tokens = await response.json()
  assert.equal(response.status, 200, JSON.stringify(tokens))
  return tokens as Readonly<Record<'access_token' | 'id_token' | 'refresh_token', string>>
}

async function logIn({ realm, redirectUri }: Started, clientId: string) {
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    scope: 'openid organization',
    redirect_uri: redirectUri,
    state: 's',
    nonce: 'n',
    code_challenge: createHash('sha256').update(CODE_VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const url = `${realm.issuer}/protocol/openid-connect/auth?${query}`
  const answers = await createBrowser().logIn(url, { username: 'alice', password: 'alice' })
  const code = new URL(answers.at(-1)?.url ?? '').searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, code_verifier: CODE_VERIFIER, redirect_uri: redirectUri }
  return ask(realm, clientId, form)
}

test('a person’s access token is accepted; the ID and refresh tokens beside it are not', async (t) => {
  const started = await start(t)
  const guard = createGuard({ issuer: started.realm.issuer, audience: ['reports', 'web'] })
  const { access_token, id_token, refresh_token } = await logIn(started, 'web')
  const caller = await guard.verify(access_token)
  assert.ok(caller.roles.includes('researcher'))
  caller.requireClientRole('reports', 'read')
  assert.deepEqual([caller.clientId, caller.requireTenant()], ['web', 'acme'])
  await assertRefused(guard.verify(id_token), INVALID_TOKEN)
  await assertRefused(guard.verify(refresh_token), INVALID_TOKEN)
})

test('a machine’s access token is accepted', async (t) => {
  const { realm } = await start(t)
  const guard = createGuard({ issuer: realm.issuer, audience: 'reports' })
  const { access_token } = await ask(realm, 'nightly', { grant_type: 'client_credentials' })
  const caller = await guard.verify(access_token)
  caller.requireRole('batch')
  assert.equal(caller.clientId, 'nightly')
})

test('a lightweight token is introspected, and refused without', async (t) => {
  const started = await start(t)
  const { issuer } = started.realm
  const introspection = { clientId: 'reports-api', clientSecret: SECRET }
  const { access_token } = await logIn(started, 'light')
  await assertRefused(createGuard({ issuer, audience: 'reports' }).verify(access_token), INVALID_TOKEN)
  const caller = await createGuard({ issuer, audience: 'reports', introspection }).verify(access_token)
  assert.ok(caller.roles.includes('researcher'))
})

test('a client that may not ask about a token learns nothing of it', async (t) => {
  const started = await start(t)
  const { issuer } = started.realm
  const introspection = { clientId: 'nightly', clientSecret: SECRET }
  const { access_token } = await logIn(started, 'web')
  const guard = createGuard({ issuer, audience: 'reports', introspection })
  await assertRefused(guard.verify(access_token), { ...INVALID_TOKEN, reason: 'inactive' })
})
