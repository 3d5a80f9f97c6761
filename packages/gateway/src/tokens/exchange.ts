// Tokens for one audience, exchanged for the person's own (RFC 8693). Remembered by who they are for, never longer than
// the token they were exchanged for. Whatever the realm answers, the session is kept: only its own refresh ends it.
import type { Events } from '../kernel/events.ts'
import type { ObtainResult, RelyingParty } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createAnchoredHolders } from './anchored-holders.ts'
import { askAndTell, judgeAnswer } from './ask-realm.ts'
import type { Holding, Refusal, TokenOwner } from './obtained.ts'
import type { Refresher } from './refresh.ts'
import { refused } from './refusals.ts'
import { type Asked, TokenHolder, type TokenRules } from './token-holder.ts'

export interface ExchangeOptions extends TokenRules {
  readonly relyingParty: (realm: string) => RelyingParty
  readonly refresher: Pick<Refresher, 'refreshNow'>
  readonly lifecycle: Pick<SessionLifecycle, 'reread'>
  readonly events: Pick<Events, 'emit'>
}

export interface ExchangeWanted {
  readonly audience: string
  readonly scopes: readonly string[]
}

export interface Exchanges {
  /** At once while one is remembered. */
  obtain(who: TokenOwner, wanted: ExchangeWanted): Holding | Promise<Holding>
  /** A new one that nobody remembers, for a single use. */
  exchange(who: TokenOwner, wanted: ExchangeWanted): Promise<Asked>
}

/** So that a realm which calls every new token dead is not asked for more of them by every request. */
const RENEW_EVERY_SECONDS = 5

export function createExchanges(options: ExchangeOptions): Exchanges {
  const holders = createAnchoredHolders()
  const names = new WeakMap<ExchangeWanted, string>()

  function nameOf(wanted: ExchangeWanted): string {
    const known = names.get(wanted)
    if (known !== undefined) return known
    const name = JSON.stringify([wanted.audience, ...wanted.scopes])
    names.set(wanted, name)
    return name
  }

  function addHolder(who: TokenOwner, wanted: ExchangeWanted): TokenHolder {
    const facts = { credential: 'exchange', realm: who.realm, session: who.live?.session.handle ?? null } as const
    const ask = () => askAndTell(facts, () => exchange(who, wanted), options)
    return holders.add(who.anchor, nameOf(wanted), new TokenHolder(options, ask, who.accessTokenExpiresAt))
  }

  async function exchange(who: TokenOwner, wanted: ExchangeWanted): Promise<Asked> {
    const first = await send(who, who.accessToken, wanted)
    if (first.kind !== 'subject-dead') return judgeAnswer(first)
    if (who.live === null) return refused('ERR_BEARER_INVALID', 'the realm no longer knows the bearer token')
    const renewed = await renewSubject(who.live, who.accessToken)
    return renewed.kind === 'refused' ? renewed : judgeAnswer(await send(who, renewed.accessToken, wanted))
  }

  function send(who: TokenOwner, subjectToken: string, { audience, scopes }: ExchangeWanted): Promise<ObtainResult> {
    return options.relyingParty(who.realm).exchangeToken({ subjectToken, audience, scopes })
  }

  /** Whether the session has ended is for the refresh to find out. */
  async function renewSubject(live: LiveSession, deadToken: string): Promise<Renewed> {
    const current = await options.lifecycle.reread(live)
    if (current === undefined) return refused('ERR_SESSION_REVOKED', 'the session ended meanwhile')
    const { accessToken } = current.session.tokens
    if (accessToken !== deadToken) return { kind: 'renewed', accessToken }
    const outcome = await options.refresher.refreshNow(current, RENEW_EVERY_SECONDS)
    switch (outcome.kind) {
      case 'fresh':
        return { kind: 'renewed', accessToken: outcome.live.session.tokens.accessToken }
      case 'ended':
        return refused('ERR_TOKEN_REFRESH_REJECTED', outcome.because)
      case 'lost':
        return refused('ERR_SESSION_LOST', outcome.because)
      case 'unavailable':
        return refused('ERR_TOKEN_REFRESH_UNAVAILABLE', 'no new subject token', outcome.retryAfterSeconds)
    }
  }

  return {
    obtain: (who, wanted) => (holders.find(who.anchor, nameOf(wanted)) ?? addHolder(who, wanted)).get(),
    exchange,
  }
}

type Renewed = { readonly kind: 'renewed'; readonly accessToken: string } | Refusal
