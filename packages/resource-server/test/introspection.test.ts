import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientIntrospectionOptions, GuardOptions } from '../src/index.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { INTROSPECTION_PATH, METADATA_PATH } from './support/issuer-server.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { NOW, realmClaims } from './support/signer.ts'

const UNAVAILABLE = { status: 503, code: 'temporarily_unavailable', reason: 'introspection-unavailable' } as const
const INTROSPECTION = { clientId: 'reports api', clientSecret: 'p@ss:wörd+&' }
/** As Keycloak writes lightweight ones. */
const LIGHTWEIGHT = { sub: undefined, aud: undefined, realm_access: undefined, resource_access: undefined }

interface Introspected extends Guarded {
  answer(claims: Readonly<Record<string, unknown>>): void
  questions(): number
}

async function startIntrospected(
  t: Parameters<typeof startGuarded>[0],
  options: Partial<ClientIntrospectionOptions> = {},
  more: Partial<GuardOptions> = {},
): Promise<Introspected> {
  const guarded = await startGuarded(t)
  const { realm, createGuard } = guarded
  const url = realm.issuer + INTROSPECTION_PATH
  const answer = (claims: Readonly<Record<string, unknown>>) =>
    realm.answers.set(INTROSPECTION_PATH, () => ({
      body: { ...realmClaims(realm.issuer), token_type: 'Bearer', client_id: 'mobile', active: true, ...claims },
    }))
  answer({})
  const guard = createGuard({ introspection: { ...INTROSPECTION, url, ...options }, ...more })
  return { ...guarded, guard, answer, questions: () => realm.asked(INTROSPECTION_PATH).length }
}

test('an opaque token is what the realm says of it', async (t) => {
  const { guard } = await startIntrospected(t)
  const caller = await guard.authenticate('Bearer opaque-token')
  assert.deepEqual([caller.kind, caller.subject, caller.roles], ['realm', 'alice', ['user']])
})

test('a lightweight token is verified here and described by the realm', async (t) => {
  const { guard, realmToken, questions } = await startIntrospected(t)
  const caller = await guard.verify(await realmToken(LIGHTWEIGHT))
  assert.deepEqual([caller.subject, caller.roles], ['alice', ['user']])
  assert.equal(questions(), 1)
})

test('a lightweight token without introspection is refused', async (t) => {
  const { guard, realmToken } = await startGuarded(t)
  await assertRefused(guard.verify(await realmToken(LIGHTWEIGHT)), INVALID_TOKEN)
})

test('the question is a POST under the own client, its credentials form-encoded', async (t) => {
  const { guard, realm } = await startIntrospected(t)
  await guard.verify('opaque+/token==')
  const [question] = realm.asked(INTROSPECTION_PATH)
  assert.equal(question?.method, 'POST')
  const basic = Buffer.from('reports+api:p%40ss%3Aw%C3%B6rd%2B%26').toString('base64')
  assert.equal(question?.headers.authorization, `Basic ${basic}`)
  assert.equal(question?.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.deepEqual(Object.fromEntries(new URLSearchParams(question?.body)), {
    token: 'opaque+/token==',
    token_type_hint: 'access_token',
  })
})

test('without an address, the metadata of the realm tell it', async (t) => {
  const { createGuard, realm, answer } = await startIntrospected(t)
  answer({})
  const guard = createGuard({ introspection: INTROSPECTION })
  await guard.verify('opaque')
  assert.equal(realm.asked(METADATA_PATH).length, 1)
})

test('internal tokens are never asked about', async (t) => {
  const { guard, internalToken, questions } = await startIntrospected(t)
  await guard.verify(await internalToken())
  assert.equal(questions(), 0)
})

test('a forged token of the realm is refused without asking', async (t) => {
  const { guard, realmToken, questions } = await startIntrospected(t)
  const token = await realmToken()
  for (const forged of [token.slice(0, -8), `${token.slice(0, -4)}AAAA`, `${token}.`]) {
    await assertRefused(guard.verify(forged), INVALID_TOKEN)
  }
  for (const claims of [{ typ: 'ID' }, { exp: NOW - 60 }, { iss: 'https://mallory.example' }, { cnf: { jkt: 'k' } }]) {
    await assertRefused(guard.verify(await realmToken(claims)), INVALID_TOKEN)
  }
  assert.equal(questions(), 0)
})

const REFUSED = [
  ['inactive', { active: false }],
  ['issuer', { iss: 'https://mallory.example' }],
  ['issuer', { iss: undefined }],
  ['audience', { aud: 'billing' }],
  ['audience', { aud: undefined }],
  ['kind', { typ: 'Refresh' }],
  ['kind', { typ: 'ID' }],
  ['kind', { typ: undefined, token_type: undefined }],
  ['kind', { nonce: 'n' }],
  ['bound', { token_type: 'DPoP' }],
  ['bound', { cnf: { jkt: 'k' } }],
  ['expired', { exp: NOW - 10 }],
  ['expired', { exp: undefined }],
  ['not-before', { nbf: NOW + 10 }],
  ['subject', { sub: undefined }],
] as const

for (const [reason, claims] of REFUSED) {
  test(`an answer with ${JSON.stringify(claims)} ${Object.keys(claims).join()} is refused: ${reason}`, async (t) => {
    const { guard, answer } = await startIntrospected(t)
    answer(claims)
    await assertRefused(guard.verify('opaque'), { ...INVALID_TOKEN, reason })
  })
}

test('active: false tells enough without any other member', async (t) => {
  const { guard, realm, realmToken } = await startIntrospected(t)
  realm.answers.set(INTROSPECTION_PATH, () => ({ body: { active: false } }))
  await assertRefused(guard.verify(await realmToken()), { ...INVALID_TOKEN, reason: 'inactive' })
})

test('an answer about somebody else is refused', async (t) => {
  const { guard, answer, realmToken } = await startIntrospected(t)
  answer({ sub: 'carol' })
  await assertRefused(guard.verify(await realmToken()), { ...INVALID_TOKEN, reason: 'introspection-mismatch' })
})

const FAILURES = {
  'answers 500': () => ({ status: 500, body: '' }),
  'refuses our client': () => ({ status: 401, body: { error: 'invalid_client' } }),
  'answers 403': () => ({ status: 403, body: { active: true } }),
  'answers no JSON': () => ({ body: 'active' }),
  'answers a list': () => ({ body: [{ active: true }] }),
  'leaves out active': () => ({ body: { sub: 'alice' } }),
  'says active: "true"': () => ({ body: { active: 'true' } }),
  'says active: 1': () => ({ body: { active: 1 } }),
  'sends us elsewhere': () => ({ status: 307, headers: { location: '/elsewhere' }, body: '' }),
  'answers far too much': () => ({ body: { active: true, filler: 'x'.repeat(2_000_000) } }),
  'does not answer': () => new Promise<never>(() => undefined),
}

for (const [name, answer] of Object.entries(FAILURES)) {
  test(`nobody comes in while the realm ${name}`, async (t) => {
    // The same limit is that of the key set's answer, which must come.
    const timeoutSeconds = name === 'does not answer' ? 1 : 10
    const { guard, realm, realmToken } = await startIntrospected(t, {}, { timeoutSeconds })
    realm.answers.set(INTROSPECTION_PATH, answer)
    await assertRefused(guard.verify(await realmToken()), UNAVAILABLE)
    await assertRefused(guard.verify('opaque'), UNAVAILABLE)
    assert.equal(realm.asked('/elsewhere').length, 0)
  })
}

test('an answer is believed for its seconds and no longer', async (t) => {
  const { guard, clock, answer, realmToken, questions } = await startIntrospected(t, { cacheSeconds: 10 })
  const token = await realmToken()
  await guard.verify(token)
  answer({ active: false })
  clock.now += 9
  await guard.verify(token)
  assert.equal(questions(), 1)
  clock.now += 1
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'inactive' })
})

test('an answer is never believed past exp', async (t) => {
  const { guard, clock, answer, questions } = await startIntrospected(t, { cacheSeconds: 600 })
  answer({ exp: NOW + 20 })
  await guard.verify('opaque')
  clock.now += 19
  await guard.verify('opaque')
  assert.equal(questions(), 1)
  clock.now += 1
  await guard.verify('opaque')
  assert.equal(questions(), 2)
  clock.now += 5
  await assertRefused(guard.verify('opaque'), { ...INVALID_TOKEN, reason: 'expired' })
})

test('with no seconds, or no memory, the realm is asked each time', async (t) => {
  for (const [options, more] of [
    [{ cacheSeconds: 0 }, {}],
    [{}, { cachedTokens: 0 }],
  ] as const) {
    const { guard, realmToken, questions } = await startIntrospected(t, options, more)
    const token = await realmToken()
    await guard.verify(token)
    await guard.verify(token)
    assert.equal(questions(), 2)
  }
})

test('a refusal of the realm is not remembered', async (t) => {
  const { guard, answer } = await startIntrospected(t)
  answer({ active: false })
  await assertRefused(guard.verify('opaque'), INVALID_TOKEN)
  answer({})
  await guard.verify('opaque')
})

test('many requests with one token at once are one question', async (t) => {
  const { guard, realmToken, questions } = await startIntrospected(t)
  const token = await realmToken()
  await Promise.all(Array.from({ length: 20 }, () => guard.verify(token)))
  assert.equal(questions(), 1)
})

test('neither token nor secret stands in the error of a failed question', async (t) => {
  const { guard, realm } = await startIntrospected(t)
  realm.answers.set(INTROSPECTION_PATH, () => ({ status: 500, body: 'opaque-token p@ss' }))
  await assert.rejects(guard.verify('opaque-token'), (error: Error) => {
    const told = `${error.message} ${error.stack} ${error.cause} ${JSON.stringify(error)}`
    assert.doesNotMatch(told, /opaque-token|p@ss|p%40ss/)
    return true
  })
})

test('an API may ask in its own way', async (t) => {
  const { createGuard, realm } = await startGuarded(t)
  const answers = new Map<string, unknown>([
    ['alive', { ...realmClaims(realm.issuer), active: true }],
    ['elsewhere', { ...realmClaims(realm.issuer, { aud: 'billing' }), active: true }],
    ['ended', { active: false }],
    ['unclear', { ...realmClaims(realm.issuer) }],
    ['dead', null],
  ])
  const guard = createGuard({
    introspection: {
      introspect: async (token) => {
        if (!answers.has(token)) throw new Error('the realm is down')
        return answers.get(token) as Record<string, unknown> | null
      },
    },
  })
  assert.equal((await guard.verify('alive')).subject, 'alice')
  await assertRefused(guard.verify('elsewhere'), { ...INVALID_TOKEN, reason: 'audience' })
  for (const token of ['ended', 'unclear', 'dead']) {
    await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'inactive' })
  }
  await assertRefused(guard.verify('unknown'), UNAVAILABLE)
})
