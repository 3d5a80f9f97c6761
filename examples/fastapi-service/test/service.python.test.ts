// The service in Python behind a real gateway and the embedded realm: pytest asks it with the tokens that services were
// sent, each of its kind.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { type DevRealmPair, startDevRealmPair } from '@doorman/dev-realm'
import { createBrowser } from '@doorman/dev-realm/browser'
import { type Gateway, openGateway, readConfig } from '@doorman/gateway'
import { close, listen } from '../../../packages/cli/src/dev/ports.ts'
import { FOLDER, PYTHON, pickPort, startFastapi } from './support/fastapi.ts'

// A service that keeps what it is sent, as no service should.
let received = ''
const echo = createServer(({ headers }, response) => {
  received = headers.authorization?.slice('Bearer '.length) ?? ''
  response.end()
})
let realms: DevRealmPair
let gateway: Gateway
let folder: string
let publicUrl: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorman-fastapi-'))
  const port = await pickPort()
  publicUrl = `http://localhost:${port}`
  realms = await startDevRealmPair({ redirectUris: [`${publicUrl}/auth/callback`] })
  await writeFile(join(folder, 'doorman.yaml'), buildConfig(port, await listen(echo, 0)))
  const reading = readConfig(join(folder, 'doorman.yaml'), {})
  assert.ok(reading.kind === 'valid', JSON.stringify(reading))
  gateway = await openGateway(reading.config, { logLevel: 'error' })
})
after(async () => {
  await gateway.close()
  await realms.close()
  await close(echo)
  await rm(folder, { recursive: true, force: true })
})

function buildConfig(port: number, echoPort: number): string {
  return `publicUrl: ${publicUrl}
listen: 127.0.0.1:${port}
operator: { listen: 127.0.0.1:0 }
session: { store: memory }
realms:
  main:
    issuer: ${realms.main.issuer}
    clientId: web-gateway
    clientAuth: { secret: web-gateway-test-secret }
services:
  echo: { url: "http://127.0.0.1:${echoPort}", credential: none }
routes:
  - { path: /internal, service: echo, credential: { internal: { audience: fastapi } }, require: { login: true } }
  - { path: /other, service: echo, credential: internal, require: { login: true } }
  - { path: /access, service: echo, credential: accessToken, require: { login: true } }
  - { path: /billing, service: echo, require: { login: true },
      credential: { exchange: { audience: billing, scope: [billing-audience] } } }
`
}

/** The tokens that routes send for somebody. */
async function collectTokens(username: string) {
  const browser = createBrowser()
  await browser.logIn(`${publicUrl}/auth/login`, { username, password: '' })
  const tokenOf = async (path: string) => {
    assert.equal((await browser.fetch(publicUrl + path)).status, 200)
    return received
  }
  return {
    internal: await tokenOf('/internal'),
    otherAudience: await tokenOf('/other'),
    access: await tokenOf('/access'),
    billing: await tokenOf('/billing'),
  }
}

/** An ID token, which the gateway sends to nobody. */
async function fetchIdToken(accessToken: string): Promise<string> {
  const answer = await fetch(`${realms.main.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('web-gateway:web-gateway-test-secret')}` },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'openid',
    }),
  })
  const { id_token: idToken } = (await answer.json()) as { readonly id_token?: string }
  assert.ok(idToken !== undefined)
  return idToken
}

interface Trial {
  readonly audience: string
  readonly env: Readonly<Record<string, string>>
  readonly tokens: {
    readonly user: string
    readonly administrator: string
    readonly refused: Readonly<Record<string, string>>
  }
}

/** Everything pytest says, when something is not as it should be; undefined otherwise. */
async function findFailures({ audience, env, tokens }: Trial): Promise<string | undefined> {
  const service = await startFastapi({ AUDIENCE: audience, ...env })
  try {
    return await runPytest({ BASE_URL: service.url, AUDIENCE: audience, TOKENS: JSON.stringify(tokens) })
  } finally {
    await service.close()
  }
}

async function runPytest(env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const child = spawn(PYTHON, ['-m', 'pytest', '-q', '--tb=short', '-p', 'no:cacheprovider', 'test_service.py'], {
    cwd: FOLDER,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return code === 0 ? undefined : said
}

test('the service takes internal tokens of the gateway for itself, and nothing else', async () => {
  const [alice, carol] = [await collectTokens('alice'), await collectTokens('carol')]
  const { otherAudience, access, billing } = alice
  const refused = { otherAudience, access, billing, id: await fetchIdToken(access) }
  const tokens = { user: alice.internal, administrator: carol.internal, refused }
  assert.equal(await findFailures({ audience: 'fastapi', env: { DOORMAN_URL: publicUrl }, tokens }), undefined)
})

test('by introspection it takes live access tokens that name it, and nothing else', async () => {
  const [alice, carol, bob] = [await collectTokens('alice'), await collectTokens('carol'), await collectTokens('bob')]
  const { internal, billing, access } = alice
  const refused = { internal, billing, id: await fetchIdToken(access), ended: bob.access }
  realms.main.endSessionsOf('bob')
  const env = {
    INTROSPECTION_URL: `${realms.main.issuer}/protocol/openid-connect/token/introspect`,
    CLIENT_ID: 'reports',
    CLIENT_SECRET: 'reports-test-secret',
  }
  const tokens = { user: access, administrator: carol.access, refused }
  assert.equal(await findFailures({ audience: 'reports', env, tokens }), undefined)
})
