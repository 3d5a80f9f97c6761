// What the service in Python makes of tokens that only somebody with the issuer's key could make: each lacks one thing.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { close, listen } from '../../../packages/cli/src/dev/ports.ts'
import type { RunningService } from '../../../packages/cli/src/dev/running-service.ts'
import { startFastapi } from './support/fastapi.ts'

const { privateKey, publicKey } = await generateKeyPair('RS256')
const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] }
let isDown = true
const issuer = createServer((_, response) => {
  response
    .writeHead(isDown ? 500 : 200, { 'content-type': 'application/json' })
    .end(isDown ? '' : JSON.stringify(keySet))
})
let publicUrl: string
let service: RunningService

before(async () => {
  publicUrl = `http://localhost:${await listen(issuer, 0)}`
  service = await startFastapi({ DOORMAN_URL: publicUrl })
})
after(async () => {
  await service.close()
  await close(issuer)
})

type Changes = Readonly<Record<string, unknown>>

async function ask(claims: Changes, header: Changes = {}): Promise<Response> {
  const now = Math.floor(Date.now() / 1000)
  const usual = { iss: publicUrl, aud: 'fastapi', sub: 'alice', client_id: 'web', jti: 'one', iat: now, exp: now + 60 }
  const token = await new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one', ...header })
    .sign(privateKey)
  return fetch(`${service.url}/whoami`, { headers: { authorization: `Bearer ${token}` } })
}

test('while the keys cannot be had the service says so, lets nobody in, and recovers', async () => {
  const answer = await ask({})
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5'])
  isDown = false
  assert.equal((await ask({})).status, 200)
})

const LONG_AGO = 1_000_000_000

for (const [what, claims, header] of [
  ['of another kind', {}, { typ: 'JWT' }],
  ['without a kind', {}, { typ: undefined }],
  ['of another issuer', { iss: 'http://localhost:1' }, {}],
  ['for another service', { aud: 'express' }, {}],
  ['for nobody', { aud: undefined }, {}],
  ['that has ended', { exp: LONG_AGO }, {}],
  ['that never ends', { exp: undefined }, {}],
  ['without a subject', { sub: undefined }, {}],
  ['without a client', { client_id: undefined }, {}],
  ['bound to a key', { cnf: { jkt: 'x' } }, {}],
  ['of an unknown key', {}, { kid: 'two' }],
] as const) {
  test(`a token ${what} is refused`, async () => {
    assert.equal((await ask(claims, header)).status, 401)
  })
}
