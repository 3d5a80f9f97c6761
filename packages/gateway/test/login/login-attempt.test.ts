import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieName } from '../../src/http/cookies.ts'
import {
  attemptCookie,
  buildAttemptCookie,
  createLoginAttempt,
  findLoginAttempt,
  type LoginAttempt,
  surplusAttempts,
} from '../../src/login/login-attempt.ts'
import { parseLoginWish } from '../../src/login/login-parameters.ts'
import { buildWish } from '../../src/login/login-wish.ts'
import { ANY_PARAMETER, createFrontDoor, FRONTENDS } from '../support/front-door.ts'

const { login: options } = createFrontDoor()
const wish = buildWish('/', {})
const start = (createdAt = 1000, returnTo = '/') =>
  createLoginAttempt({ ...wish, returnTo }, { realm: 'main', issuer: 'https://sso.example' }, createdAt)

function pair(attempt: LoginAttempt): string {
  return buildAttemptCookie(attempt, options)[1].split(';', 1)[0] ?? ''
}

function holding(...attempts: readonly LoginAttempt[]) {
  return { headers: { cookie: attempts.map(pair).join('; ') } }
}

test('state, nonce and verifier are 256 random bits each, and different in every attempt', () => {
  const secrets = [start(), start()].flatMap(({ state, nonce, codeVerifier }) => [state, nonce, codeVerifier])
  assert.equal(new Set(secrets).size, 6)
  for (const secret of secrets) assert.match(secret, /^[\w-]{43}$/)
})

test('the browser that started an attempt finds it by its state', () => {
  const attempt = start()
  assert.deepEqual(findLoginAttempt(holding(start(), attempt, start()), attempt.state, options), attempt)
})

test('the cookie shows nothing of what it holds', () => {
  const attempt = start()
  const bytes = Buffer.from(pair(attempt).split('=')[1] ?? '', 'base64url').toString('latin1')
  for (const secret of [attempt.nonce, attempt.codeVerifier, attempt.state]) {
    assert.ok(!bytes.includes(secret))
    assert.ok(!pair(attempt).includes(secret))
  }
})

test('two sealings of one attempt differ (CVE-2021-32791)', () => {
  const attempt = start()
  assert.notEqual(pair(attempt), pair(attempt))
})

test('an attempt moved to the name of another one is refused (CVE-2021-32791)', () => {
  const [mine, planted] = [start(), start()]
  const name = cookieName(attemptCookie(mine.state, options.cookies))
  const cookie = `${name}=${pair(planted).split('=')[1]}`
  assert.equal(findLoginAttempt({ headers: { cookie } }, mine.state, options), undefined)
})

test('a changed bit makes the attempt unknown', () => {
  const attempt = start()
  const [name, value = ''] = pair(attempt).split('=')
  const bytes = Buffer.from(value, 'base64url')
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    const cookie = `${name}=${changed.toString('base64url')}`
    assert.equal(findLoginAttempt({ headers: { cookie } }, attempt.state, options), undefined)
  }
})

test('an attempt sealed for something else is refused', () => {
  const attempt = start()
  const other = createFrontDoor().login
  assert.equal(findLoginAttempt(holding(attempt), attempt.state, other), undefined)
})

test('the fifth attempt still fits, the sixth takes the place of the oldest', () => {
  const attempts = [start(1003), start(1001), start(1004), start(1002)]
  assert.deepEqual(surplusAttempts(holding(...attempts), options), [])
  const five = [...attempts, start(1005)]
  assert.deepEqual(surplusAttempts(holding(...five), options), [attemptCookie(attempts[1]!.state, options.cookies)])
})

test('attempts with long addresses leave earlier, so that the Cookie header stays below 8 kB', () => {
  const long = `/${'a'.repeat(1499)}`
  const attempts = [1001, 1002, 1003, 1004].map((at) => start(at, long))
  const surplus = surplusAttempts(holding(...attempts), options)
  const kept = attempts.filter(
    ({ state }) => !surplus.some((c) => c.base === attemptCookie(state, options.cookies).base),
  )
  assert.ok(holding(...kept, start(1005, long)).headers.cookie.length < 8000 - 100)
  assert.deepEqual(
    kept.map(({ createdAt }) => createdAt),
    [1003, 1004],
  )
})

test('the longest attempt there can be fits into a cookie', () => {
  const hint = `login_hint=${'%C3%BC'.repeat(255)}&ui_locales=${'a'.repeat(35)}+${'b'.repeat(35)}`
  const search = `?return_to=/${'a'.repeat(1499)}&${hint}&acr_values=${'g'.repeat(100)}`
  const longest = parseLoginWish({ search, headers: {} }, ANY_PARAMETER, FRONTENDS)
  assert.throws(() =>
    parseLoginWish({ search: `${search}&kc_action=${'A'.repeat(60)}`, headers: {} }, ANY_PARAMETER, FRONTENDS),
  )
  const bound = { ...longest, restarts: 2, boundTo: { handle: 'h'.repeat(43), loginRealm: 'r'.repeat(63) } }
  const issuer = `https://sso.example/realms/${'r'.repeat(200)}`
  assert.ok(pair(createLoginAttempt(bound, { realm: 'm'.repeat(63), issuer }, 1e9)).length <= 4096)
})

test('attempts nobody can open are cleared, and only names of ours are', () => {
  const prefix = '__Host-Http-doorman-login-'
  const cookie = `${prefix}aaaaaaaaaaaaaaaa=junk; ${prefix}b=1; ${prefix}aaaa aaaa aaaa a=1; other=1`
  const surplus = surplusAttempts({ headers: { cookie } }, options)
  assert.deepEqual(surplus.map(cookieName), [`${prefix}aaaaaaaaaaaaaaaa`])
})

test('a header full of attempts costs no more than a few, and answers with no more', () => {
  const names = Array.from({ length: 500 }, (_, at) => `__Host-Http-doorman-login-${String(at).padStart(16, 'a')}=x`)
  assert.equal(surplusAttempts({ headers: { cookie: names.join('; ') } }, options).length, 32)
})
