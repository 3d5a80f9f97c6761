import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Reply } from '../../src/http/reply.ts'
import { answerKeySet } from '../../src/issuer/key-set.ts'
import { answerIssuerMetadata } from '../../src/issuer/metadata.ts'
import { GatewayError, isGatewayError } from '../../src/kernel/errors.ts'
import { rotateSigningKey } from '../../src/tokens/signing-key-administration.ts'
import { createKeyedReplicas, publishedKids } from '../support/signing-keys.ts'

const ISSUER = 'https://app.example'
const JWKS_URL = `${ISSUER}/.well-known/jwks.json`

async function openIssuer(t: TestContext) {
  const all = createKeyedReplicas()
  const replica = all.replica()
  t.after(() => replica.keys.close())
  await replica.keys.start()
  return { all, replica, options: { keys: replica.keys, issuer: ISSUER, jwksUrl: JWKS_URL } }
}

function header(reply: Reply, name: string): string | undefined {
  return reply.headers.find(([other]) => other === name)?.[1]
}

test('the key set is JSON that anybody may hold for five minutes', async (t) => {
  const { replica, options } = await openIssuer(t)
  const reply = await answerKeySet(options)
  assert.equal(reply.status, 200)
  assert.equal(header(reply, 'content-type'), 'application/json')
  assert.equal(header(reply, 'cache-control'), 'public, max-age=300')
  assert.equal(header(reply, 'set-cookie'), undefined)
  assert.deepEqual(JSON.parse(reply.body), replica.keys.keySet())
})

test('during a rotation the key set holds the old key and the new one', async (t) => {
  const { all, replica, options } = await openIssuer(t)
  await rotateSigningKey(all, 'RS256')
  await replica.keys.reload()
  const { keys } = JSON.parse((await answerKeySet(options)).body)
  assert.deepEqual(
    keys.map(({ kid }: { readonly kid: string }) => kid),
    publishedKids(replica),
  )
  assert.equal(keys.length, 2)
})

test('a key that another replica has just made is in the next answer', async (t) => {
  const { all, replica, options } = await openIssuer(t)
  const { incoming } = await rotateSigningKey(all, 'ES256')
  assert.equal(publishedKids(replica).includes(incoming.kid), false)
  const { keys } = JSON.parse((await answerKeySet(options)).body)
  assert.ok(keys.some(({ kid }: { readonly kid: string }) => kid === incoming.kid))
})

test('the metadata names issuer, key set and the algorithms of the published keys, and no endpoint', async (t) => {
  const { all, replica, options } = await openIssuer(t)
  await rotateSigningKey(all, 'RS256')
  await replica.keys.reload()
  const reply = await answerIssuerMetadata(options)
  assert.deepEqual(JSON.parse(reply.body), {
    issuer: ISSUER,
    jwks_uri: JWKS_URL,
    id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    subject_types_supported: ['public'],
  })
  assert.equal(header(reply, 'cache-control'), 'public, max-age=300')
})

test('an empty key set is an error and not an answer that caches keep', async () => {
  const all = createKeyedReplicas()
  const readDocument = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
  const { keys } = all.replica({ store: { ...all.store, readDocument } })
  const options = { keys, issuer: ISSUER, jwksUrl: JWKS_URL }
  for (const answer of [answerKeySet, answerIssuerMetadata]) {
    await assert.rejects(answer(options), (error) => isGatewayError(error, 'ERR_SIGNING_KEYS_UNAVAILABLE'))
  }
})
