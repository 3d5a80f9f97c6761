// The service without a realm: an issuer of the test stands in for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIssuer, type TestCaller } from '@doorman/resource-server/testing'
import { createService } from '../service.ts'

const issuer = await createTestIssuer({ audience: 'reports' })
const app = createService(issuer.guardOptions)

interface Body {
  readonly credential: Readonly<Record<string, unknown>>
  readonly note: string
}

async function ask(path: string, caller: TestCaller) {
  const answer = await app.request(path, {
    headers: { authorization: await issuer.authorization({ kind: 'realm', clientId: 'web-gateway', ...caller }) },
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}

test('says that no person is in the token of a service account', async () => {
  const claims = { preferred_username: 'service-account-web-gateway' }
  const { body } = await ask('/whoami', { subject: 'f00d', claims })
  assert.deepEqual([body.credential.subject, body.credential.clientId], ['f00d', 'web-gateway'])
  assert.match(body.note, /No person.*web-gateway/)
})

test('takes no person for a service account', async () => {
  const { body } = await ask('/whoami', { claims: { preferred_username: 'service-account-other' } })
  assert.doesNotMatch(body.note, /No person/)
})

test('refuses a token for another service', async () => {
  assert.equal((await ask('/whoami', { audience: 'billing' })).status, 401)
})

test('asks for a token when none is sent', async () => {
  const answer = await app.request('/whoami')
  assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Bearer realm="api"'])
})
