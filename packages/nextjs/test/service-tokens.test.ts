import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServiceTokens, type ServiceToken } from '../src/behind/service-tokens.ts'

function createOffice() {
  const asked: string[] = []
  let refuses = false
  let now = 0
  const tokens = createServiceTokens(
    async (subject, service): Promise<ServiceToken> => {
      asked.push(`${subject} ${service}`)
      if (refuses) return { kind: 'refused', response: new Response('no', { status: 503 }) }
      return { kind: 'obtained', token: `token ${asked.length}`, lifeSeconds: 60 }
    },
    { maxTokens: 2, now: () => now },
  )
  return {
    asked,
    tokens,
    refuse: (value: boolean) => {
      refuses = value
    },
    advance: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

test('a token is asked for once however many wait, and kept until shortly before its end', async () => {
  const { asked, tokens, advance } = createOffice()
  await Promise.all(Array.from({ length: 20 }, () => tokens('alice', 'agent')))
  advance(54)
  assert.deepEqual(await tokens('alice', 'agent'), { kind: 'obtained', token: 'token 1', lifeSeconds: 60 })
  advance(2)
  assert.deepEqual(await tokens('alice', 'agent'), { kind: 'obtained', token: 'token 2', lifeSeconds: 60 })
  assert.deepEqual(asked, ['alice agent', 'alice agent'])
})

test('nobody gets the token of somebody else or of another service', async () => {
  const { asked, tokens } = createOffice()
  await tokens('alice', 'agent')
  await tokens('bob', 'agent')
  await tokens('alice', 'billing')
  assert.deepEqual(asked, ['alice agent', 'bob agent', 'alice billing'])
})

test('a refusal is told to everybody who waits, and forgotten', async () => {
  const { asked, tokens, refuse } = createOffice()
  refuse(true)
  const answers = await Promise.all([tokens('alice', 'agent'), tokens('alice', 'agent')])
  assert.equal(asked.length, 1)
  for (const answer of answers) assert.equal(answer.kind === 'refused' && (await answer.response.text()), 'no')
  refuse(false)
  assert.equal((await tokens('alice', 'agent')).kind, 'obtained')
})

test('no more tokens are kept than were agreed on, and the one that was used last stays', async () => {
  const { asked, tokens } = createOffice()
  for (const person of ['alice', 'bob', 'alice', 'carol', 'alice', 'bob']) await tokens(person, 'agent')
  assert.deepEqual(asked, ['alice agent', 'bob agent', 'carol agent', 'bob agent'])
})
