import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refreshSession } from '../../src/account/refresh-session.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import type { RefreshOutcome } from '../../src/tokens/refresh.ts'
import { type CookieJar, createCookieJar, FETCH, headerOf, setCookies } from '../support/cookie-jar.ts'
import { createFrontDoor, type FrontDoor, logIn } from '../support/front-door.ts'

function refresh(door: FrontDoor, jar: CookieJar, outcome: (live: LiveSession) => RefreshOutcome, query = '') {
  const asked: number[] = []
  const refresher = {
    async refreshNow(live: LiveSession, atMostEverySeconds: number) {
      asked.push(atMostEverySeconds)
      return outcome(live)
    },
  }
  const options = {
    sessions: door.sessions,
    cookies: door.cookies,
    refresher,
    loginUrl: 'https://app.example/auth/login',
    frontends: door.login.frontends,
    judgeGet: () => 'refused' as const,
  }
  const reply = refreshSession(jar.request(`/auth/refresh${query}`, FETCH, 'POST'), options)
  return { reply, asked }
}

test('answers when the access token expires and shows none, asking the realm at most once in ten seconds', async () => {
  const door = createFrontDoor()
  const { reply, asked } = refresh(door, await logIn(door), (live) => ({ kind: 'fresh', live }))
  assert.deepEqual(JSON.parse((await reply).body), { expires_in: 60 })
  assert.deepEqual(asked, [10])
})

test('a session that has ended is a 401 with the way to log in', async () => {
  const door = createFrontDoor()
  const reply = await refresh(door, await logIn(door), () => ({ kind: 'ended', because: 'invalid_grant' })).reply
  assert.equal(reply.status, 401)
  assert.equal(JSON.parse(reply.body).login_url, 'https://app.example/auth/login')
})

test('a realm in trouble is a 503 that keeps the cookie', async () => {
  const door = createFrontDoor()
  const outcome = (live: LiveSession): RefreshOutcome => ({ kind: 'unavailable', live, retryAfterSeconds: 2.5 })
  const reply = await refresh(door, await logIn(door), outcome).reply
  assert.equal(reply.status, 503)
  assert.equal(headerOf(reply, 'retry-after'), '3')
  assert.deepEqual(setCookies(reply), [])
})

test('nobody is a 401, and the realm hears nothing of it', async () => {
  const { reply, asked } = refresh(createFrontDoor(), createCookieJar(), (live) => ({ kind: 'fresh', live }))
  assert.equal((await reply).status, 401)
  assert.deepEqual(asked, [])
})

test('takes no parameter', async () => {
  const { reply } = refresh(createFrontDoor(), createCookieJar(), (live) => ({ kind: 'fresh', live }), '?force=true')
  await assert.rejects(reply, { code: 'ERR_REQUEST_MALFORMED' })
})
