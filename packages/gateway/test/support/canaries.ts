// Collects the secrets of everybody who takes part, and looks for them where none may be.
import assert from 'node:assert/strict'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import type { Backchannel } from './backchannel.ts'
import { decode } from './flow.ts'

/** By what they are, so that a failure names the kind and never the secret. */
export type Canaries = ReadonlyMap<string, string>

export interface CanaryCage {
  add(kind: string, secret: string | null | undefined): void
  /** What a gateway and the realm told each other. */
  addBackchannel(backchannel: Backchannel): void
  /** What a browser was given on its way: state, nonce and code, and what our cookies hold. */
  addAnswer(answer: BrowserAnswer): void
  /** Fails when a text holds a secret, whole or in a part that would do, plain or escaped. */
  assertAbsent(text: string, where: string): void
  /** How many secrets of each kind are known. */
  counts(): Readonly<Record<string, number>>
}

const PART_MIN_CHARS = 20

export function createCanaryCage(): CanaryCage {
  const secrets = new Map<string, string>()
  const parts = new Map<string, string>()

  function add(kind: string, secret: string | null | undefined): void {
    if (secret === null || secret === undefined || secret.length < 8) return
    secrets.set(secret, kind)
    for (const part of secret.split('.').filter(({ length }) => length >= PART_MIN_CHARS)) {
      // The first part of a token is its header, which its keys make public.
      if (part.startsWith('eyJhbGciOi')) continue
      parts.set(part, kind)
      parts.set(encodeURIComponent(part), kind)
    }
    if (secret.length < PART_MIN_CHARS) parts.set(secret, kind)
  }

  function addTokens(body: string): void {
    for (const [, name = '', token = ''] of body.matchAll(/"(access_token|refresh_token|id_token)":"([^"]+)"/g)) {
      add(name, token)
      if (name === 'id_token' && token.split('.').length === 3) add('sid', String(decode(token).sid))
    }
  }

  return {
    add,
    addBackchannel({ calls }) {
      for (const { endpoint, form, body } of calls) {
        for (const name of ['code', 'code_verifier', 'refresh_token']) add(name, form.get(name))
        if (endpoint === 'token') addTokens(body)
      }
    },
    addAnswer(answer) {
      const urls = [answer.url, answer.headers.get('location')].filter((url) => url !== null)
      for (const url of urls) {
        const { searchParams } = new URL(url, answer.url)
        for (const name of ['state', 'nonce', 'code']) add(name, searchParams.get(name))
        add('sid', searchParams.get('session_state'))
      }
      for (const line of answer.headers.getSetCookie()) {
        const [name = '', value = ''] = line.split(';', 1)[0]!.split('=')
        if (name.includes('doorman')) add('cookie', value)
      }
    },
    assertAbsent(text, where) {
      for (const [part, kind] of parts) assert.equal(text.includes(part), false, `${kind} in ${where}`)
    },
    counts() {
      const counts: Record<string, number> = {}
      for (const kind of secrets.values()) counts[kind] = (counts[kind] ?? 0) + 1
      return counts
    },
  }
}

/** The same browser; every answer it gets is written down. */
export function recordAnswers(browser: Browser, answers: BrowserAnswer[]): Browser {
  const { fetch, navigate } = browser
  const keep = async (answer: Promise<BrowserAnswer>) => {
    const arrived = await answer
    answers.push(arrived)
    return arrived
  }
  // Onto the object itself: its own steps go through these two as well.
  return Object.assign(browser, {
    fetch: ((url, request) => keep(fetch(url, request))) satisfies Browser['fetch'],
    navigate: ((url, request) => keep(navigate(url, request))) satisfies Browser['navigate'],
  })
}

/** Where the protocol itself puts a secret into an address: on the way to a realm. */
const TO_REALM = ['state', 'nonce', 'id_token_hint', 'code_challenge'] as const

/** Fails when an answer of ours tells a browser a secret, in its body, its headers, the way on or a cookie's name. */
export function assertAnswerClean(cage: CanaryCage, answer: BrowserAnswer, issuers: readonly string[]): void {
  const where = `${answer.method} ${new URL(answer.url).pathname} ${answer.status}`
  cage.assertAbsent(answer.body, `the body of ${where}`)
  for (const [name, value] of answer.headers) {
    if (name === 'set-cookie') continue
    if (name !== 'location') cage.assertAbsent(value, `${name} of ${where}`)
    else cage.assertAbsent(withoutProtocol(new URL(value, answer.url), issuers).href, `the way on from ${where}`)
  }
  for (const line of answer.headers.getSetCookie()) assertCookieClean(cage, line, where)
}

function withoutProtocol(url: URL, issuers: readonly string[]): URL {
  if (issuers.some((issuer) => url.href.startsWith(issuer))) for (const name of TO_REALM) url.searchParams.delete(name)
  return url
}

/** A cookie may hold its own value, and nothing else that is secret. */
function assertCookieClean(cage: CanaryCage, line: string, where: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const [name = '', value = ''] = pair.split('=')
  cage.assertAbsent([name, ...attributes].join(';'), `a cookie's name of ${where}`)
  assert.match(value, /^[\w-]*$/)
}
