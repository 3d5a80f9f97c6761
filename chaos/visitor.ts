// One person with a browser: asks all the time, and several processes at once when the access token is due. Judges each
// answer, and comes back by a silent login where the gateway asks for one.
import { setTimeout as pause } from 'node:timers/promises'
import type { DevUser } from '@doorman/dev-realm'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import { PROCESS_HEADER, PUBLIC_URL } from './browsers.ts'
import type { GatewayProcess, Gateways } from './gateways.ts'
import { type Cause, HEAL_EVERY_SECONDS, type Ledger } from './ledger.ts'
import type { Pace } from './pace.ts'
import type { Random } from './random.ts'
import { TOKEN_SECONDS } from './realm.ts'
import type { Counter, WrongAnswer } from './tally.ts'
import type { Echo } from './upstream.ts'

export interface VisitorGround {
  readonly person: DevUser
  readonly browser: Browser
  readonly gateways: Gateways
  readonly ledger: Ledger
  readonly counter: Counter
  readonly pace: Pace
  readonly random: Random
  /** What deserves a line of its own. */
  readonly complain: (what: string) => void
}

export interface Visitor {
  logIn(): Promise<void>
  /** Asks until `isOver`. */
  visit(isOver: () => boolean): Promise<void>
  /** Whether the session still opens the door, once all is well. */
  isStillIn(): Promise<boolean>
}

/** `anew`: the realm was not forbidden to show a page, and showed none. */
type WayIn = 'silent' | 'still in' | 'anew' | 'form' | 'nowhere'

/** `gone`: the process was struck under the request. */
type Seen = 'fine' | 'unavailable' | 'gone' | { readonly loginUrl: string | null }

const DUE_AFTER_SECONDS = (TOKEN_SECONDS * 2) / 3
/** A gateway counts from when it asked, so that its token may be due so much earlier. */
const QUIET_SECONDS = 1.5
const BURST = [3, 6] as const
const WARM_PAUSE_SECONDS = [0.5, 2] as const
const RETRY_PAUSE_SECONDS = [0.3, 1] as const
const NEWS_MILLISECONDS = 200
const HEAL_LIMIT_SECONDS = 60
const LAST_LIMIT_SECONDS = 60
const API_URL = `${PUBLIC_URL}/api/echo`
const PAGE_URL = `${PUBLIC_URL}/page/echo`

export function createVisitor(ground: VisitorGround): Visitor {
  const { person, browser, gateways, ledger, counter, random } = ground
  let healedAt = Number.NEGATIVE_INFINITY

  function wrong(kind: WrongAnswer, detail: string): Seen {
    counter.wrong(kind)
    ground.complain(`${person.username}: ${kind} (${detail})`)
    return 'fine'
  }

  async function ask(gateway: GatewayProcess): Promise<Seen> {
    const startedAt = performance.now()
    try {
      const answer = await browser.fetch(API_URL, { headers: { [PROCESS_HEADER]: gateway.name } })
      if (gateway.wasStruckSince(startedAt)) return judgeLate(answer)
      counter.answered(performance.now() - startedAt, answer.status === 503)
      return judge(answer)
    } catch (error) {
      // A connection may be known to be cut before its process is known to be gone.
      await pause(NEWS_MILLISECONDS)
      if (!gateway.wasStruckSince(startedAt)) return wrong('no answer', `${gateway.name}: ${String(error)}`)
      counter.brokenOff()
      return 'gone'
    }
  }

  /** A process that was stopped with a token in its hand goes on with it, however old it is by now. */
  function judgeLate(answer: BrowserAnswer): Seen {
    const isOld = answer.status === 200 && readEcho(answer).isExpired
    return isOld && readEcho(answer).subject === person.id ? 'gone' : judge(answer)
  }

  function judge(answer: BrowserAnswer): Seen {
    switch (answer.status) {
      case 200:
        return judgeEcho(answer)
      case 503:
        return 'unavailable'
      case 401:
        return { loginUrl: readMember(answer.body, 'login_url') }
      default:
        return wrong('unexpected status', `${answer.status} ${readMember(answer.body, 'code')}`)
    }
  }

  function judgeEcho(answer: BrowserAnswer): Seen {
    const { subject, isExpired } = readEcho(answer)
    if (subject !== person.id) return wrong('another person', subject)
    return isExpired ? wrong('expired token', '') : 'fine'
  }

  async function rest([least, most]: readonly [number, number]): Promise<void> {
    await pause(random.between(least, most) * 1000)
  }

  function ageSeconds(): number {
    return performance.now() / 1000 - ledger.tokensIssuedAt(person.id)
  }

  /** A round begins when it is its turn, and not by a request in between. */
  async function untilDue(): Promise<void> {
    await ground.pace.take()
    await pause(Math.max(0, DUE_AFTER_SECONDS - ageSeconds()) * 1000)
  }

  async function askMany(count: number): Promise<readonly Seen[]> {
    const wellOnes = gateways.wellOnes()
    const chosen = Array.from({ length: count }, (_, index) => wellOnes[index % wellOnes.length])
    return Promise.all(chosen.flatMap((gateway) => (gateway === undefined ? [] : [ask(gateway)])))
  }

  async function takeStep(isOver: () => boolean): Promise<void> {
    const due = ageSeconds() > DUE_AFTER_SECONDS - QUIET_SECONDS
    if (due) await untilDue()
    if (isOver()) return
    const seen = await askMany(due ? Math.round(random.between(...BURST)) : 1)
    const refused = seen.find((each) => typeof each === 'object')
    if (refused !== undefined) await comeBack(refused.loginUrl)
    else await rest(due && seen.includes('unavailable') ? RETRY_PAUSE_SECONDS : WARM_PAUSE_SECONDS)
  }

  /** After a 401: silently, or else the session was lost. */
  async function comeBack(loginUrl: string | null): Promise<void> {
    const startedAt = performance.now()
    const refusal = ledger.takeRefusal(person.id)
    const facts = `${refusal === undefined ? 'nothing refused' : (refusal ?? 'unexplained')}; ${ledger.describe(person.id)}`
    const mayBeGone = refusal === undefined && ledger.mayBeGone(person.id)
    const way = await findWayIn(loginUrl)
    const cause = mayBeGone ? 'record' : (refusal ?? null)
    ledger.renew(person.id, performance.now() / 1000)
    ledger.cost(person.id, performance.now() / 1000)
    if (way === 'still in' && refusal === undefined) wrong('unfounded 401', facts)
    else if (way === 'silent' || way === 'still in' || (way === 'anew' && mayBeGone))
      countHealed(cause, startedAt, facts)
    else countLost(cause, startedAt, `${way}; ${facts}`)
  }

  function countHealed(cause: Cause | null, startedAt: number, facts: string): void {
    if (cause === null) ground.complain(`${person.username}: healed (${facts})`)
    healedAt = performance.now()
    counter.healed(cause, healedAt - startedAt)
  }

  function countLost(cause: Cause | null, startedAt: number, facts: string): void {
    const isSecond = cause !== null && startedAt - healedAt < HEAL_EVERY_SECONDS * 1000
    ground.complain(`${person.username}: ${isSecond ? 'hit twice' : 'lost'} (${facts})`)
    if (isSecond) counter.hitTwice()
    else counter.lost()
  }

  async function findWayIn(loginUrl: string | null): Promise<WayIn> {
    const giveUpAt = performance.now() + HEAL_LIMIT_SECONDS * 1000
    while (performance.now() < giveUpAt) {
      const answers = await walkIn(loginUrl)
      const last = answers.at(-1)
      if (last !== undefined && findLoginForm(last) !== undefined) {
        await browser.logIn(`${PUBLIC_URL}/auth/login`, { ...person, password: '' })
        return 'form'
      }
      if (last?.status === 200 && judgeEcho(last) === 'fine') return wayOf(answers)
      await rest(RETRY_PAUSE_SECONDS)
    }
    return 'nowhere'
  }

  /** By the link that a page's code was given, or by going to a page. */
  async function walkIn(loginUrl: string | null): Promise<readonly BrowserAnswer[]> {
    const link = loginUrl === null || random.next() < 0.5 ? new URL(PAGE_URL) : new URL(loginUrl)
    if (link.href !== PAGE_URL) link.searchParams.set('return_to', '/page/echo')
    return browser.follow(link.href).catch(() => [])
  }

  return {
    async logIn() {
      const answers = await browser.logIn(PAGE_URL, { ...person, password: '' })
      ledger.renew(person.id, performance.now() / 1000)
      const last = answers.at(-1)
      if (last?.status === 200) return
      throw new Error(`${person.username} cannot log in: ${last?.status} ${new URL(last?.url ?? PAGE_URL).pathname}`)
    },
    async visit(isOver) {
      while (!isOver()) await takeStep(isOver)
    },
    async isStillIn() {
      const giveUpAt = performance.now() + LAST_LIMIT_SECONDS * 1000
      while (performance.now() < giveUpAt) {
        const [seen] = await askMany(1)
        if (seen === 'fine') return true
        if (typeof seen === 'object') await comeBack(seen.loginUrl)
        else await rest(RETRY_PAUSE_SECONDS)
      }
      return false
    },
  }
}

function wayOf(answers: readonly BrowserAnswer[]): WayIn {
  const asked = answers.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname.endsWith('/auth'))
  if (asked.length === 0) return 'still in'
  return asked.some(({ searchParams }) => searchParams.get('prompt') === 'none') ? 'silent' : 'anew'
}

function readEcho({ body }: BrowserAnswer): Echo {
  return JSON.parse(body) as Echo
}

function readMember(body: string, name: string): string | null {
  try {
    const value = (JSON.parse(body) as Record<string, unknown>)[name]
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}
