import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerPastGateway } from '../src/behind/past-gateway.ts'

const GATEWAY = 'https://app.example.com'
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

function ask(headers: Record<string, string>, method = 'GET'): Response {
  const request = new Request('http://localhost:3000/auth/login?return_to=%2Fa', { method, headers })
  return answerPastGateway(request, GATEWAY)
}

test('a page that came past the gateway is sent to it', () => {
  const answer = ask({ ...NAVIGATION, host: 'localhost:3000' })
  assert.deepEqual(
    [answer.status, answer.headers.get('location')],
    [307, 'https://app.example.com/auth/login?return_to=%2Fa'],
  )
})

test('a fetch is told that this is the wrong address', async () => {
  const answer = ask({ 'sec-fetch-mode': 'cors', host: 'localhost:3000' })
  assert.deepEqual([answer.status, (await answer.json()).code], [421, 'bad_request'])
})

test('what cannot be repeated by following a redirect is not sent on', () => {
  assert.equal(ask({ ...NAVIGATION, host: 'localhost:3000' }, 'POST').status, 421)
})

test('a gateway that sends its own endpoints here does not lead around in circles', () => {
  assert.equal(ask({ ...NAVIGATION, host: 'localhost:3000', 'x-forwarded-host': 'app.example.com' }).status, 421)
})
