// The service without a realm: an issuer of the test stands in for it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestIssuer, type TestCaller } from '@doorman/resource-server/testing'
import { createService } from '../service.ts'

const issuer = await createTestIssuer({ audience: 'billing' })
const { issuer: realm, fetch } = issuer.guardOptions
assert.ok(realm !== undefined && fetch !== undefined)
const app = createService({ audience: issuer.audience, issuer: realm, fetch })
after(() => app.close())

async function ask(path: string, caller?: TestCaller) {
  const headers =
    caller === undefined ? {} : { authorization: await issuer.authorization({ kind: 'realm', ...caller }) }
  return app.inject({ url: path, headers })
}

test('tells who is calling, and never the token', async () => {
  const answer = await ask('/whoami', { subject: 'alice', clientId: 'web-gateway' })
  const { kind, audience, subject, clientId } = answer.json().credential
  assert.deepEqual([kind, audience, subject, clientId], ['realm', 'billing', 'alice', 'web-gateway'])
  assert.doesNotMatch(answer.body, /eyJ[\w-]+\./)
})

test('invoices are for people with the role of the client', async () => {
  assert.equal((await ask('/invoices', { clientRoles: { billing: ['pay'] } })).statusCode, 200)
  assert.equal((await ask('/invoices', { clientRoles: { reports: ['pay'] } })).statusCode, 403)
})

for (const [what, caller] of [
  ['the person’s own token, which is for others', { audience: ['web-gateway', 'reports'] }],
  ['an internal token of the gateway', { kind: 'internal' }],
  ['an ID token', { claims: { typ: 'ID' } }],
  ['a refresh token', { claims: { typ: 'Refresh' } }],
] as const) {
  test(`refuses ${what}`, async () => {
    assert.equal((await ask('/whoami', caller)).statusCode, 401)
  })
}

test('asks for a token when none is sent', async () => {
  const answer = await ask('/whoami')
  assert.deepEqual([answer.statusCode, answer.headers['www-authenticate']], [401, 'Bearer realm="api"'])
})
