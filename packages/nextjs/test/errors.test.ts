import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerError, DoormanError, doormanError, errorOf } from '../src/errors.ts'
import { buildProblem } from '../src/problem.ts'

test('an error is answered by its problem document, as often as it is asked for, with the path of the login', async () => {
  const error = doormanError('login_required')
  for (const answer of [error.toResponse(), answerError(error)]) {
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    const { status, code, login_url } = await answer.json()
    assert.deepEqual([status, code, login_url], [401, 'login_required', '/auth/login'])
  }
})

test('what passes is said with the time to come again', () => {
  const { headers } = doormanError('temporarily_unavailable').toResponse()
  assert.ok(Number(headers.get('retry-after')) >= 1)
})

for (const [code, digest] of [
  ['login_required', 'NEXT_HTTP_ERROR_FALLBACK;401'],
  ['forbidden', 'NEXT_HTTP_ERROR_FALLBACK;403'],
  ['credential_unavailable', 'DOORMAN;credential_unavailable'],
  ['temporarily_unavailable', 'DOORMAN;temporarily_unavailable'],
] as const) {
  test(`Next knows ${code} by ${digest}`, () => {
    assert.equal(doormanError(code).digest, digest)
  })
}

test('what the gateway has answered keeps its word and its body', async () => {
  const error = await errorOf(buildProblem('forbidden'))
  assert.deepEqual([error instanceof DoormanError, error.status, error.code], [true, 403, 'forbidden'])
  assert.equal((await error.toResponse().json()).code, 'forbidden')
  assert.equal((await errorOf(new Response('no document', { status: 502 }))).code, 'unknown')
})

test('an error of anybody else goes on to Next', () => {
  const own = new Error('a redirect of Next')
  assert.throws(() => answerError(own), own)
})
