// What the flow tests say again and again: a stage per test, both fronts, people whose access token has ended.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { type Dispatcher, request } from 'undici'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { systemClock } from '../../src/kernel/time.ts'
import { createCookies } from '../../src/session/session-cookie.ts'
import type { FixedClock } from './fixed-clock.ts'
import { FRONTS, openStage, type Stage, type StageOptions } from './stage.ts'

/** Life of the access tokens that `logInExpired` gets, by which an upstream's test knows them again. */
const MARKED_SECONDS = 1
/** A gateway's first words with its realm can be over before anybody listens to its events. */
const READY_POLL_MILLISECONDS = 5

/** A stage that the test ends, once its gateways have made acquaintance with the realm; no call is counted yet. */
export async function setStage(t: TestContext, options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await openStage({ front: 'direct', ...options })
  t.after(() => stage.close())
  while (!(await isReady(stage))) await pause(READY_POLL_MILLISECONDS)
  stage.realm.calls.clear()
  return stage
}

/** What `/readyz` of every gateway says. */
export async function isReady({ gateways }: Pick<Stage, 'gateways'>): Promise<boolean> {
  const asked = gateways.map(async ({ operatorAddress }) => {
    const { statusCode, body } = await request(`http://127.0.0.1:${operatorAddress.port}/readyz`)
    await body.dump()
    return statusCode === 200
  })
  return (await Promise.all(asked)).every(Boolean)
}

/** One test for a browser that talks to the gateway, and one behind a proxy that ends TLS. */
export function testOnBothFronts(
  name: string,
  body: (stage: Stage, t: TestContext) => Promise<void>,
  options: Omit<StageOptions, 'front'> = {},
): void {
  for (const front of FRONTS) {
    test(`${name} (${front === 'tls' ? 'behind TLS' : 'direct'})`, async (t) => {
      await body(await setStage(t, { ...options, front }), t)
    })
  }
}

/** The system's clock, moved on by hand: the realm, another process, keeps the real time. */
export function createShiftedClock(): FixedClock {
  let shift = 0
  return {
    now: () => systemClock() + shift,
    advance(seconds) {
      shift += seconds
    },
  }
}

/** Somebody who has just logged in with an access token that has ended already; later ones live. */
export async function logInExpired(stage: Pick<Stage, 'realm' | 'loggedIn'>, username?: string): Promise<Browser> {
  const { faults, settings } = stage.realm
  const { accessTokenSeconds } = settings
  settings.accessTokenSeconds = MARKED_SECONDS
  faults.expiresIn = 0.001
  const browser = await stage.loggedIn(username)
  settings.accessTokenSeconds = accessTokenSeconds
  faults.expiresIn = null
  return browser
}

/** How often the realm was asked for new tokens. */
export function refreshes(stage: Pick<Stage, 'realm'>): number {
  return stage.realm.calls.count('token', 'refresh_token')
}

/** Fails when the upstream received an access token that had ended. */
export function assertNoEndedToken(stage: Pick<Stage, 'upstream'>): void {
  for (const { headers } of stage.upstream.received) {
    const { authorization } = headers
    if (authorization === undefined) continue
    const { exp, iat } = decode(authorization)
    assert.notEqual(Number(exp) - Number(iat), MARKED_SECONDS, 'the upstream received the ended access token')
  }
}

export function decode(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** The next event of a kind that any of the stage's gateways tells from now on. */
export function nextEvent<K extends GatewayEvent['kind']>(
  stage: Pick<Stage, 'gateways'>,
  kind: K,
): Promise<Extract<GatewayEvent, { readonly kind: K }>> {
  const { promise, resolve } = Promise.withResolvers<Extract<GatewayEvent, { readonly kind: K }>>()
  const ends = stage.gateways.map(({ events }) =>
    events.subscribe((event) => {
      if (event.kind !== kind) return
      for (const end of ends) end()
      resolve(event as Extract<GatewayEvent, { readonly kind: K }>)
    }),
  )
  return promise
}

export function eventsOf<K extends GatewayEvent['kind']>(
  stage: Pick<Stage, 'events'>,
  kind: K,
): readonly Extract<GatewayEvent, { readonly kind: K }>[] {
  return stage.events.filter((event): event is Extract<GatewayEvent, { readonly kind: K }> => event.kind === kind)
}

export function sessionCookieName(stage: Pick<Stage, 'config'>): string {
  return createCookies({ publicUrl: stage.config.publicUrl, ...stage.config.cookies, realm: null, sameSite: 'Lax' })
    .sessionName
}

export function sessionId(stage: Pick<Stage, 'config'>, browser: Browser): string | undefined {
  return browser.cookies.get('localhost', sessionCookieName(stage))
}

export interface GatewayAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Asks a gateway past what stands before it, with these headers and no others of a browser's. */
export async function askGateway(
  stage: Pick<Stage, 'publicUrl' | 'gateways'>,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: Buffer
    readonly gateway?: number
  } = {},
): Promise<GatewayAnswer> {
  const { port } = stage.gateways[options.gateway ?? 0]!.publicAddress
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${path}`, {
    method: (options.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: { host: new URL(stage.publicUrl).host, ...options.headers },
    body: options.body ?? null,
  })
  return { status: statusCode, headers, body: await body.text() }
}

/** The `Cookie` header by which a browser is known. */
export function cookieOf(stage: Pick<Stage, 'config'>, browser: Browser): string {
  return `${sessionCookieName(stage)}=${sessionId(stage, browser)}`
}

/** The wire word of a problem document. */
export function problemCode(answer: BrowserAnswer): unknown {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  return JSON.parse(answer.body).code
}

export function locationOf(answer: BrowserAnswer): URL {
  return new URL(answer.headers.get('location') ?? '', answer.url)
}

/** A burst of requests that all want the same session. */
export function fetchMany(
  stage: Pick<Stage, 'url'>,
  browser: Browser,
  count: number,
): Promise<readonly BrowserAnswer[]> {
  return Promise.all(Array.from({ length: count }, () => browser.fetch(stage.url('/api/x'))))
}

export async function userOf(stage: Pick<Stage, 'url'>, browser: Browser): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
}

export async function statusOf(stage: Pick<Stage, 'url'>, browser: Browser, path = '/api/x'): Promise<number> {
  return (await browser.fetch(stage.url(path))).status
}

/** A session that is kept waiting: 503, a `Retry-After` somebody can believe, and the cookie as it was. */
export function assertLaterWithSession(answer: BrowserAnswer): void {
  assert.equal(answer.status, 503)
  const retryAfter = Number(answer.headers.get('retry-after'))
  assert.ok(retryAfter >= 1 && retryAfter <= 5, `Retry-After ${retryAfter}`)
  assert.deepEqual(answer.cookiesSet, [])
}
