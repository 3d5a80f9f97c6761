// A client's secret is rotated at the realm and in our file, in whatever order, while people's tokens are renewed.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHarness } from '../support/realm-harness.ts'
import { sendJson } from '../support/scripted-realm.ts'

/** A realm that takes one secret, and a gateway that has several to try. */
async function refreshWith(t: TestContext, accepted: string, ...inTurn: readonly string[]) {
  const harness = await startHarness(() => ({ clientAuth: { kind: 'secrets', inTurn: () => inTurn } }))
  t.after(() => harness.close())
  harness.realm.answer('token', ({ headers }, response) => {
    const sent = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
    if (!sent.endsWith(`:${accepted}`)) return sendJson(response, 401, { error: 'unauthorized_client' })
    sendJson(response, 200, { access_token: 'new', token_type: 'Bearer', expires_in: 60, refresh_token: 'refresh-2' })
  })
  const result = await harness.relyingParty.refresh('refresh-1', { issuer: harness.realm.issuer, subject: 'alice' })
  return { result, sent: harness.realm.seenAt('token').map(({ form }) => form.get('refresh_token')) }
}

test('a refused secret is followed by the next one, with the same refresh token', async (t) => {
  const { result, sent } = await refreshWith(t, 'new', 'old', 'new')
  assert.equal(result.kind, 'refreshed')
  assert.deepEqual(sent, ['refresh-1', 'refresh-1'])
})

test('a secret that is taken is the last one that is tried', async (t) => {
  const { result, sent } = await refreshWith(t, 'old', 'old', 'new')
  assert.equal(result.kind, 'refreshed')
  assert.equal(sent.length, 1)
})

test('when the realm takes none of them the session stays', async (t) => {
  const { result, sent } = await refreshWith(t, 'other', 'old', 'new')
  assert.equal(result.kind, 'unavailable')
  assert.equal(sent.length, 2)
})
