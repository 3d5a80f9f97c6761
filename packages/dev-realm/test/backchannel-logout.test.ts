import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { DevRealm } from '@doorman/dev-realm'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createBrowser } from '../src/browser.ts'
import {
  logIn,
  OTHER_GATEWAY,
  obtainTokens,
  post,
  redeem,
  refresh,
  startRealm,
  WEB_GATEWAY,
} from './support/relying-party.ts'

type Answer = () => Promise<number>

/** A client's address, which tells what came and answers as the test says. */
async function listen(t: TestContext, answer: Answer = async () => 200) {
  const received: URLSearchParams[] = []
  const server = createServer(async (message, response) => {
    received.push(new URLSearchParams(await text(message)))
    response.writeHead(await answer()).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { received, uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/back-channel` }
}

async function realmFor(t: TestContext): Promise<DevRealm> {
  const realm = await startRealm()
  t.after(() => realm.close())
  return realm
}

function setClient(realm: DevRealm, client: { readonly clientId: string }, changes: object): void {
  const known = realm.directory.findClient(client.clientId)
  assert.ok(known)
  realm.directory.setClient({ ...known, ...changes })
}

async function verify(realm: DevRealm, form: URLSearchParams | undefined) {
  const answer = await fetch(`${realm.issuer}/protocol/openid-connect/certs`)
  return jwtVerify(form?.get('logout_token') ?? '', createLocalJWKSet((await answer.json()) as JSONWebKeySet))
}

test('an administrator’s end is told to the client, in the token that Keycloak sends', async (t) => {
  const realm = await realmFor(t)
  const { received, uri } = await listen(t)
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: uri, backchannelLogoutSessionRequired: true })
  await obtainTokens(realm)
  const [session] = realm.sessions()
  await realm.endSession(session?.sid ?? '')
  const { protectedHeader, payload } = await verify(realm, received[0])
  assert.equal(protectedHeader.typ, 'logout+jwt')
  const { iat = 0, exp = 0, jti, sub, ...rest } = payload
  assert.equal(exp - iat, 120)
  assert.ok(jti !== undefined && sub !== undefined)
  assert.deepEqual(rest, {
    iss: realm.issuer,
    aud: WEB_GATEWAY.clientId,
    typ: 'Logout',
    sid: session?.sid,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  assert.equal(realm.sessions().length, 0)
})

test('the session is named only where the client requires it', async (t) => {
  const realm = await realmFor(t)
  const { received, uri } = await listen(t)
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: uri, backchannelLogoutRevokesOffline: true })
  await obtainTokens(realm)
  await realm.endSessionsOf('alice')
  const { payload } = await verify(realm, received[0])
  assert.equal(payload.sid, undefined)
  assert.equal((payload.events as Record<string, unknown>).revoke_offline_access, true)
})

test('all sessions of a person are told one by one', async (t) => {
  const realm = await realmFor(t)
  const { received, uri } = await listen(t)
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: uri, backchannelLogoutSessionRequired: true })
  await obtainTokens(realm)
  await obtainTokens(realm)
  await obtainTokens(realm, 'bob')
  await realm.endSessionsOf('alice')
  assert.equal(received.length, 2)
  assert.equal(realm.sessions().length, 1)
})

test('a client’s logout is told to that client and to the others of the session', async (t) => {
  const realm = await realmFor(t)
  const [own, other] = [await listen(t), await listen(t)]
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: own.uri })
  setClient(realm, OTHER_GATEWAY, { backchannelLogoutUri: other.uri })
  const browser = createBrowser()
  const tokens = await obtainTokens(realm, 'alice', {}, browser)
  const credentials = { client_id: OTHER_GATEWAY.clientId, client_secret: OTHER_GATEWAY.secret }
  const response = await logIn(realm, 'alice', { client_id: OTHER_GATEWAY.clientId }, browser)
  assert.equal((await redeem(realm, response.get('code'), credentials)).status, 200)
  await post(realm, 'logout', { refresh_token: String(tokens.refresh_token) })
  assert.deepEqual([own.received.length, other.received.length], [1, 1])
})

test('while a client is being told, the session can be refreshed; its answer does not matter', async (t) => {
  const realm = await realmFor(t)
  const told = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const { uri } = await listen(t, async () => {
    told.resolve()
    await goOn.promise
    return 500
  })
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: uri })
  const tokens = await obtainTokens(realm)
  const ending = realm.endSessionsOf('alice')
  await told.promise
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
  goOn.resolve()
  await ending
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 400)
})

test('a client that cannot be reached keeps no session alive', async (t) => {
  const realm = await realmFor(t)
  setClient(realm, WEB_GATEWAY, { backchannelLogoutUri: 'http://127.0.0.1:1/' })
  await obtainTokens(realm)
  await realm.endSessionsOf('alice')
  assert.equal(realm.sessions().length, 0)
})
