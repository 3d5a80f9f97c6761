// One login in progress. It lives in a sealed cookie of the browser that started it, named after its state: several
// tabs may log in at once, and an answer that another browser brings finds nothing.
import {
  buildSetCookie,
  type Cookie,
  cookieName,
  cookieNames,
  readCookie,
  type SetCookieHeader,
} from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import { openCookie, sealCookieValue } from '../http/sealed-cookie.ts'
import type { Sealer } from '../kernel/seal.ts'
import { createSecret, hashSecret, isSameSecret } from '../kernel/secrets.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { RelyingParty } from '../realm/relying-party.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { LoginWish } from './login-wish.ts'

const FORMAT_VERSION = 3
/** 256 bits: 43 characters of base64url, which is also a well-formed code verifier (RFC 7636 section 4.1). */
const SECRET_BYTES = 32
const STATE_HASH_CHARS = 16
/** All attempts of a browser together: nginx takes request headers of 8 kB, and the session needs room as well. */
const ATTEMPTS_MAX_BYTES = 6000
/** More than any browser of ours holds: opening each costs time, and anybody can send a header full of them. */
const ATTEMPTS_LOOKED_AT = 32

export interface LoginAttempt extends LoginWish {
  readonly format: typeof FORMAT_VERSION
  /** The local name of the realm. */
  readonly realm: string
  readonly issuer: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly createdAt: EpochSeconds
}

export interface AttemptOptions {
  readonly sealer: Sealer
  readonly cookies: Cookies
  /** Logins in progress one browser may have in its cookies. */
  readonly maxAttempts: number
  readonly attemptSeconds: number
}

export function createLoginAttempt(
  wish: LoginWish,
  { realm, issuer }: Pick<RelyingParty, 'realm' | 'issuer'>,
  createdAt: EpochSeconds,
): LoginAttempt {
  const { returnTo, parameters, restarts, boundTo, heals, reauthenticates } = wish
  const secrets = {
    state: createSecret(SECRET_BYTES),
    nonce: createSecret(SECRET_BYTES),
    codeVerifier: createSecret(SECRET_BYTES),
  }
  const wanted = { returnTo, parameters, restarts, boundTo, heals, reauthenticates }
  return { format: FORMAT_VERSION, realm, issuer, ...secrets, ...wanted, createdAt }
}

/** Under which the store remembers that this attempt's code has been taken. */
export function attemptClaimName(attempt: LoginAttempt): string {
  return `login:${hashSecret(attempt.state)}`
}

export function attemptCookie(state: string, cookies: Cookies): Cookie {
  return cookies.named(`login-${hashSecret(state).slice(0, STATE_HASH_CHARS)}`)
}

export function buildAttemptCookie(attempt: LoginAttempt, options: AttemptOptions): SetCookieHeader {
  const cookie = attemptCookie(attempt.state, options.cookies)
  return buildSetCookie(cookie, sealCookieValue(cookie, attempt, options.sealer), options.attemptSeconds)
}

/** The attempt this browser holds for a state; undefined when it holds none. */
export function findLoginAttempt(
  request: Pick<GatewayRequest, 'headers'>,
  state: string,
  options: AttemptOptions,
): LoginAttempt | undefined {
  const cookie = attemptCookie(state, options.cookies)
  const attempt = openCookie<LoginAttempt>(request, cookie, FORMAT_VERSION, options.sealer)
  return attempt !== undefined && isSameSecret(attempt.state, state) ? attempt : undefined
}

/** The oldest attempts of this browser, and those nobody can open: they go, so that one more has room. */
export function surplusAttempts(request: Pick<GatewayRequest, 'headers'>, options: AttemptOptions): readonly Cookie[] {
  const cookieHeader = header(request, 'cookie')
  const held = heldAttempts(cookieHeader, options.cookies).map((cookie) => ({
    cookie,
    bytes: readCookie(cookieHeader, cookieName(cookie))?.length ?? 0,
    createdAt: openCookie<LoginAttempt>(request, cookie, FORMAT_VERSION, options.sealer)?.createdAt ?? 0,
  }))
  let count = 1
  let bytes = 0
  const surplus: Cookie[] = []
  for (const attempt of held.sort((a, b) => b.createdAt - a.createdAt)) {
    count += 1
    bytes += attempt.bytes
    if (count > options.maxAttempts || bytes > ATTEMPTS_MAX_BYTES || attempt.createdAt === 0)
      surplus.push(attempt.cookie)
  }
  return surplus
}

function heldAttempts(cookieHeader: string | undefined, cookies: Cookies): readonly Cookie[] {
  const prefix = cookieName(cookies.named('login-'))
  return cookieNames(cookieHeader, prefix)
    .map((name) => name.slice(prefix.length))
    .filter((hash) => hash.length === STATE_HASH_CHARS && /^[\w-]+$/.test(hash))
    .slice(0, ATTEMPTS_LOOKED_AT)
    .map((hash) => cookies.named(`login-${hash}`))
}
