import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { identityProviderPlaces } from '../../src/secrets/identity-provider-place.ts'
import { buildSecretValues } from '../../src/secrets/values.ts'
import { adminOf } from '../support/applying.ts'
import { wantedProvider, wantedRealm } from '../support/realms.ts'

const ISSUER = 'https://sso.example.com/realms/models'
const OTHERS = { alias: 'others', config: { clientSecret: '**********' } }
const OURS = { alias: 'people', enabled: true, config: { clientSecret: '**********', clientId: 'models-broker' } }

/** What Keycloak answers about identity providers, and what it was sent. */
const received: { readonly url: string; readonly body: unknown }[] = []
const server = createServer(async (incoming, outgoing) => {
  const { method, url = '' } = incoming
  outgoing.setHeader('content-type', 'application/json')
  if (url.endsWith('/token')) {
    const token = `e30.${Buffer.from(JSON.stringify({ iss: ISSUER })).toString('base64url')}.x`
    outgoing.end(JSON.stringify({ access_token: token, expires_in: 60 }))
  } else if (method === 'PUT') {
    received.push({ url, body: await json(incoming) })
    outgoing.writeHead(204).end()
  } else outgoing.end(JSON.stringify([OTHERS, OURS]))
})
let url: string

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

function valuesWith(clientSecret: string | null) {
  return buildSecretValues({
    clientId: 'models-broker',
    clientSecret,
    issuer: ISSUER,
    internalUrl: url,
    redirectUris: [],
  })
}

test('the provider that logs in with the secret gets the new one, and no other provider does', async () => {
  const wanted = wantedRealm({
    name: 'models',
    issuer: ISSUER,
    identityProviders: [
      wantedProvider('people', { secretOf: { realm: 'main', clientId: 'models-broker' } }),
      wantedProvider('others', { secretOf: { realm: 'other', clientId: 'models-broker' } }),
    ],
  })
  const realms = [{ wanted, admin: adminOf(wanted, url) }]
  const places = identityProviderPlaces(realms, { realm: 'main', clientId: 'models-broker' })
  assert.deepEqual(
    places.map(({ name }) => name),
    ['identity provider people in models'],
  )
  assert.equal(await places[0]?.compare(valuesWith('next')), 'ran')
  assert.equal(received.length, 0)
  await places[0]?.write(valuesWith('next'))
  assert.ok(received[0]?.url.endsWith('/identity-provider/instances/people'))
  assert.deepEqual(received[0]?.body, { ...OURS, config: { ...OURS.config, clientSecret: 'next' } })
  for (const none of ['**********', '', null]) {
    await assert.rejects(async () => places[0]?.write(valuesWith(none)), { code: 'ERR_SECRET_MASKED' })
  }
  assert.equal(received.length, 1)
})
