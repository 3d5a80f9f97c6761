// Somebody who wants to log people out by the address that is meant for realms, or to stay in although the realm has
// spoken.
import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { postLogout, sidOf, tellGateways } from '../support/back-channel-logout.ts'
import { eventsOf, setStage, statusOf } from '../support/flow.ts'
import { LOGOUT_EVENT } from '../support/logout-tokens.ts'
import { setClient } from '../support/pair-stage.ts'
import { CLIENT_ID, openStage, type Stage } from '../support/stage.ts'

interface Scene {
  readonly stage: Stage
  readonly browser: Browser
  readonly claims: Readonly<Record<string, unknown>>
  /** The key by which the realm signs, as it publishes it. */
  readonly jwk: JWK
}

async function setScene(stage: Stage): Promise<Scene> {
  const browser = await stage.loggedIn()
  const answer = await fetch(`${stage.realm.issuer}/protocol/openid-connect/certs`)
  const { keys } = (await answer.json()) as { readonly keys: readonly JWK[] }
  const iat = Math.floor(Date.now() / 1000)
  const claims = {
    iss: stage.realm.issuer,
    aud: CLIENT_ID,
    sub: '00000000-0000-4000-8000-000000000001',
    sid: sidOf(stage.realm, 'alice'),
    typ: 'Logout',
    iat,
    exp: iat + 120,
    jti: 'forged-1',
    events: { [LOGOUT_EVENT]: {} },
  }
  const jwk = keys.find(({ use }) => use === 'sig')
  assert.ok(jwk)
  return { stage, browser, claims, jwk }
}

async function signedByStranger({ claims }: Scene, header: Readonly<Record<string, unknown>>): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256')
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', ...header }).sign(privateKey)
}

/** What the upstream received when the browser last asked. */
async function tokenOf({ stage, browser }: Scene): Promise<string> {
  await browser.fetch(stage.url('/api/x'))
  return stage.upstream.received.at(-1)?.headers.authorization?.slice('Bearer '.length) ?? ''
}

const FORGERIES: readonly (readonly [what: string, forge: (scene: Scene) => Promise<string>])[] = [
  ['without a signature', async ({ claims }) => new UnsecuredJWT(claims).encode()],
  [
    'with its signature cut off',
    async (scene) => (await signedByStranger(scene, { kid: scene.jwk.kid })).replace(/[^.]*$/, ''),
  ],
  ['signed by a key of the forger’s under the name of the realm’s', (s) => signedByStranger(s, { kid: s.jwk.kid })],
  ['signed by a key of the forger’s without a name', (scene) => signedByStranger(scene, {})],
  [
    'that brings its own key',
    async (scene) => {
      const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
      const header = { alg: 'RS256', typ: 'logout+jwt', jwk: await exportJWK(publicKey) }
      return new SignJWT(scene.claims).setProtectedHeader(header).sign(privateKey)
    },
  ],
  ['that says where its key is', (s) => signedByStranger(s, { kid: 'mine', jku: 'https://evil.example/keys' })],
  [
    'signed by the realm’s public key as a secret',
    async ({ claims, jwk }) => {
      const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
      const header = { alg: 'HS256', typ: 'logout+jwt', kid: jwk.kid ?? '' }
      return new SignJWT(claims).setProtectedHeader(header).sign(createSecretKey(Buffer.from(pem)))
    },
  ],
  ['that is somebody’s access token', tokenOf],
  [
    'made of an access token and another header',
    async (scene) => {
      const [, body, signature] = (await tokenOf(scene)).split('.')
      const header = { alg: 'RS256', typ: 'logout+jwt', kid: scene.jwk.kid }
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}.${signature}`
    },
  ],
]

describe('a logout token', () => {
  let scene: Scene

  before(async () => {
    const stage = await openStage({ front: 'direct' })
    scene = await setScene(stage)
  })
  after(() => scene.stage.close())

  for (const [what, forge] of FORGERIES) {
    test(`${what} ends nothing`, async () => {
      const { stage, browser } = scene
      const answer = await postLogout(stage, `logout_token=${await forge(scene)}`)
      assert.equal(answer.status, 400)
      assert.equal(await statusOf(stage, browser), 200)
      assert.equal(eventsOf(stage, 'session.ended').length, 0)
    })
  }

  test('under a hundred unknown keys costs the realm one look at its keys', async () => {
    const { stage } = scene
    const before = stage.realm.calls.count('certs')
    const token = await signedByStranger(scene, { kid: 'unknown' })
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'logout+jwt', kid: `bogus-${at}` }))
        await postLogout(stage, `logout_token=${header.toString('base64url')}.${token.split('.').slice(1).join('.')}`)
      }),
    )
    assert.ok(stage.realm.calls.count('certs') - before <= 1)
  })

  test('is refused in the same words whatever was wrong with it, and told to nobody', async () => {
    const { stage } = scene
    const bodies = new Set<string>()
    for (const [, forge] of FORGERIES) bodies.add((await postLogout(stage, `logout_token=${await forge(scene)}`)).body)
    bodies.add((await postLogout(stage, 'logout_token=canary-logout-token')).body)
    assert.equal(bodies.size, 1)
    assert.ok(!JSON.stringify(stage.events).includes('canary-logout-token'))
  })
})

test('a token overheard on its way cannot be played again against the next session', async (t) => {
  const stage = await setStage(t)
  const forms: string[] = []
  const ear = createServer(async (message, response) => {
    const form = await text(message)
    forms.push(form)
    response.writeHead((await postLogout(stage, form)).status).end()
  }).listen(0, '127.0.0.1')
  await once(ear, 'listening')
  t.after(() => ear.close())
  setClient(stage.realm, CLIENT_ID, {
    backchannelLogoutUri: `http://127.0.0.1:${(ear.address() as AddressInfo).port}/`,
  })
  await stage.loggedIn()
  await stage.realm.endSessionsOf('alice')
  assert.equal(eventsOf(stage, 'session.ended').length, 1)
  await untilNextSecond()
  const browser = await stage.loggedIn()
  assert.equal((await postLogout(stage, forms[0] ?? '')).status, 400)
  assert.equal(await statusOf(stage, browser), 200)
})

/** The realm counts in whole seconds. */
async function untilNextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000)
  while (Math.floor(Date.now() / 1000) === second) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('who keeps the cookie of a session that the realm has ended has nothing', async (t) => {
  const stage = await setStage(t)
  tellGateways(stage, 'with sid')
  const browser = await stage.loggedIn()
  await stage.realm.endSessionsOf('alice')
  for (const path of ['/api/x', '/auth/user', '/auth/sessions']) {
    assert.equal(await statusOf(stage, browser, path), 401)
  }
  const answer = await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  assert.equal(answer.status, 401)
})
