import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RealmAnswer } from '../../src/realm/realm-fetch.ts'
import { parseRetryAfter, parseTokenError, parseTokenResponse } from '../../src/realm/token-response.ts'

const SENT_AT = 1_800_000_000

function answerOf(body: unknown, change: Partial<RealmAnswer> = {}): RealmAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    status: 200,
    mediaType: 'application/json',
    retryAfter: null,
    location: null,
    text,
    sentAt: SENT_AT,
    ...change,
  }
}

const good = {
  access_token: 'access',
  token_type: 'Bearer',
  expires_in: 60,
  refresh_token: 'refresh',
  refresh_expires_in: 1800,
  id_token: 'id',
}

function jwt(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
}

test('counts lifetimes from the moment the request was sent', () => {
  assert.deepEqual(parseTokenResponse(answerOf(good)), {
    kind: 'tokens',
    tokens: {
      accessToken: 'access',
      accessTokenExpiresAt: SENT_AT + 60,
      refreshToken: 'refresh',
      refreshTokenExpiresAt: SENT_AT + 1800,
      idToken: 'id',
    },
    scope: null,
    issuedTokenType: null,
  })
})

for (const token_type of ['bearer', 'BEARER', 'BeArEr']) {
  test(`takes token_type ${token_type} for Bearer`, () => {
    assert.equal(parseTokenResponse(answerOf({ ...good, token_type })).kind, 'tokens')
  })
}

const lifetimes: ReadonlyArray<readonly [name: string, body: Readonly<Record<string, unknown>>, seconds: number]> = [
  ['a number', {}, 60],
  ['digits in a string', { expires_in: '90' }, 90],
  ['nothing, from the token itself', { expires_in: undefined, access_token: jwt({ iat: 1000, exp: 1300 }) }, 300],
  ['nothing at all, as a minute', { expires_in: undefined }, 60],
  ['nonsense, as a minute', { expires_in: 'soon' }, 60],
]

for (const [name, body, seconds] of lifetimes) {
  test(`reads the access token's lifetime from ${name}`, () => {
    const response = parseTokenResponse(answerOf({ ...good, ...body }))
    assert.equal(response.kind === 'tokens' && response.tokens.accessTokenExpiresAt, SENT_AT + seconds)
  })
}

for (const [name, exp, expiresAt] of [
  ['in whole seconds, and so up to one earlier', SENT_AT + 60, SENT_AT + 60],
  ['by another clock, which says nothing about ours', SENT_AT + 55, SENT_AT + 60.7],
  ['by a clock that is ahead of ours', SENT_AT + 90, SENT_AT + 60.7],
] as const) {
  test(`an access token ends ${name}`, () => {
    const access_token = jwt({ iat: exp - 60, exp })
    const response = parseTokenResponse(answerOf({ ...good, access_token }, { sentAt: SENT_AT + 0.7 }))
    assert.equal(response.kind === 'tokens' && response.tokens.accessTokenExpiresAt, expiresAt)
  })
}

for (const refresh_expires_in of [0, undefined, null, 'never']) {
  test(`a refresh token with refresh_expires_in ${JSON.stringify(refresh_expires_in)} has no told end`, () => {
    const response = parseTokenResponse(answerOf({ ...good, refresh_expires_in }))
    assert.equal(response.kind === 'tokens' && response.tokens.refreshTokenExpiresAt, null)
  })
}

const unusable: ReadonlyArray<readonly [name: string, answer: RealmAnswer, refreshToken: string | null]> = [
  ['without access_token', answerOf({ ...good, access_token: undefined }), 'refresh'],
  ['with an empty access_token', answerOf({ ...good, access_token: '' }), 'refresh'],
  ['without token_type', answerOf({ ...good, token_type: undefined }), 'refresh'],
  ['of another token type', answerOf({ ...good, token_type: 'DPoP' }), 'refresh'],
  ['whose content type is not JSON', answerOf(good, { mediaType: 'text/html' }), 'refresh'],
  ['that is broken JSON', answerOf('{"access_token":"access","refresh'), null],
  ['that is an HTML page', answerOf('<html>', { mediaType: 'text/html' }), null],
  ['that is a list', answerOf([good]), null],
  ['that is null', answerOf('null'), null],
]

for (const [name, answer, refreshToken] of unusable) {
  test(`has no use for an answer ${name}${refreshToken === null ? '' : ', but keeps its refresh token'}`, () => {
    const response = parseTokenResponse(answer)
    assert.equal(response.kind, 'unusable')
    assert.equal(response.kind === 'unusable' && response.refreshToken, refreshToken)
  })
}

test('tells code and description of an OAuth error', () => {
  const body = { error: 'invalid_grant', error_description: "Session doesn't have required client" }
  const { error, because } = parseTokenError(answerOf(body, { status: 400 }))
  assert.equal(error, 'invalid_grant')
  assert.equal(because, "400 invalid_grant (Session doesn't have required client)")
})

test('never repeats a description that could quote a token', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
  const code = '0a4c1f6e-1111-4222-8333-444444444444.c2Vzc2lvbg'
  for (const secret of [token, code]) {
    const body = { error: 'invalid_grant', error_description: `Unknown ${secret}` }
    assert.equal(parseTokenError(answerOf(body, { status: 400 })).because, '400 invalid_grant')
    const asCode = parseTokenError(answerOf({ error: secret }, { status: 400 }))
    assert.deepEqual(asCode, { error: null, because: '400' })
  }
})

test('finds no OAuth error in text/plain, whatever it says', () => {
  const answer = answerOf({ error: 'invalid_grant' }, { status: 400, mediaType: 'text/plain' })
  assert.equal(parseTokenError(answer).error, null)
})

const retryAfters: ReadonlyArray<readonly [value: string | null, seconds: number | null]> = [
  [null, null],
  ['0', 1],
  ['3', 3],
  ['31', 5],
  ['999999999999', 5],
  [new Date((SENT_AT + 2) * 1000).toUTCString(), 2],
  [new Date((SENT_AT - 60) * 1000).toUTCString(), 1],
  ['soon', null],
]

for (const [value, seconds] of retryAfters) {
  test(`reads Retry-After ${value} as ${seconds} s`, () => {
    assert.equal(parseRetryAfter(value, SENT_AT), seconds)
  })
}
