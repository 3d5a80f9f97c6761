// A token of a second realm, had in the way the realm's configuration names: of our own client there, as the person by
// an assertion, or from a second login.
import type { EpochSeconds } from '../kernel/time.ts'
import { within } from '../kernel/wait.ts'
import { type SecondLogin, secondLoginOf } from '../session/session.ts'
import { createAnchoredHolders } from './anchored-holders.ts'
import { askAndTell, judgeAnswer } from './ask-realm.ts'
import type { ExchangeOptions, Exchanges, ExchangeWanted } from './exchange.ts'
import { type HeldToken, type Holding, holdToken, type TokenOwner, usableUntil } from './obtained.ts'
import {
  createSecondLoginRefresher,
  type SecondLoginOutcome,
  type SecondLoginRefresherOptions,
} from './refresh-second-login.ts'
import { refused, unavailable } from './refusals.ts'
import type { ServiceTokens } from './service-token.ts'
import { type Asked, TokenHolder } from './token-holder.ts'

export type ObtainRule =
  | { readonly kind: 'clientCredentials' }
  /** A token exchanged in the person's own realm for `audience` is presented in the second one as an assertion. */
  | { readonly kind: 'jwtGrant'; readonly audience: string; readonly exchangeScopes: readonly string[] }
  | { readonly kind: 'login' }

export interface SecondRealmRule {
  readonly obtain: ObtainRule
  /** Asked for at the second realm. */
  readonly scopes: readonly string[]
}

export interface SecondRealmOptions
  extends Omit<ExchangeOptions, 'lifecycle' | 'refresher'>,
    SecondLoginRefresherOptions {
  /** By the realm's local name. */
  readonly secondRealms: ReadonlyMap<string, SecondRealmRule>
}

export interface SecondRealms {
  /**
   * At once while it is warm. `who` null: nobody, who can be given a token of our own client alone. Throws a `TypeError`
   * for anything else, and for a realm that is no second one.
   */
  obtain(realm: string, who: TokenOwner | null): Holding | Promise<Holding>
  /** Resolves when no second login is being refreshed any more. */
  drain(): Promise<void>
}

export function createSecondRealms(
  options: SecondRealmOptions,
  exchanges: Exchanges,
  serviceTokens: ServiceTokens,
): SecondRealms {
  const logins = createSecondLoginRefresher(options)
  const holders = createAnchoredHolders()
  const held = new WeakMap<SecondLogin, HeldToken>()

  async function grant(
    who: TokenOwner,
    realm: string,
    rule: SecondRealmRule,
    assertionFor: ExchangeWanted,
  ): Promise<Asked> {
    const first = await grantOnce(who, realm, rule, assertionFor)
    if (first.kind !== 'subject-dead') return first
    const second = await grantOnce(who, realm, rule, assertionFor)
    return second.kind === 'subject-dead' ? judgeAnswer(second) : second
  }

  /** Each assertion is new: the second realm takes none twice (RFC 7523 section 3, `jti`). */
  async function grantOnce(
    who: TokenOwner,
    realm: string,
    rule: SecondRealmRule,
    assertionFor: ExchangeWanted,
  ): Promise<Asked | { readonly kind: 'subject-dead' }> {
    const exchanged = await exchanges.exchange(who, assertionFor)
    if (exchanged.kind === 'refused') return exchanged
    const result = await options.relyingParty(realm).redeemAssertion(exchanged.token.accessToken, rule.scopes)
    return result.kind === 'subject-dead' ? result : judgeAnswer(result)
  }

  function addGrantHolder(
    who: TokenOwner,
    realm: string,
    rule: SecondRealmRule,
    { audience, exchangeScopes }: ObtainRule & { readonly kind: 'jwtGrant' },
  ): TokenHolder {
    const facts = { credential: 'realm', realm, session: who.live?.session.handle ?? null } as const
    const assertionFor = { audience, scopes: exchangeScopes }
    const ask = () => askAndTell(facts, () => grant(who, realm, rule, assertionFor), options)
    return holders.add(who.anchor, realm, new TokenHolder(options, ask, Number.POSITIVE_INFINITY))
  }

  function obtainByLogin(realm: string, who: TokenOwner): Holding | Promise<Holding> {
    const { live } = who
    if (live === null) return refused('ERR_CREDENTIAL_FORBIDDEN', 'a bearer token cannot log in to a second realm')
    const login = secondLoginOf(live.session, realm)
    // The configuration may name another realm by now.
    if (login === null || login.issuer !== options.relyingParty(realm).issuer) return { kind: 'second-login', realm }
    const now = options.now()
    if (now < login.refreshDueAt) return holdLogin(login)
    if (login.tokens.refreshToken === null) {
      return isAlive(login, now) ? holdLogin(login) : { kind: 'second-login', realm }
    }
    const refresh = logins.refresh(live, realm)
    return isAlive(login, now) ? holdLogin(login) : waitForLogin(refresh, realm)
  }

  async function waitForLogin(refresh: Promise<SecondLoginOutcome>, realm: string): Promise<Holding> {
    const outcome = await within(refresh, options.waitSeconds)
    switch (outcome?.kind) {
      case undefined:
        return unavailable('the second realm takes long')
      case 'fresh':
        return isAlive(outcome.login, options.now()) ? holdLogin(outcome.login) : { kind: 'second-login', realm }
      case 'gone':
        return { kind: 'second-login', realm }
      case 'session-ended':
        return refused('ERR_SESSION_REVOKED', 'the session ended meanwhile')
      case 'unavailable':
        return unavailable('the second login cannot be renewed now', outcome.retryAfterSeconds)
    }
  }

  function holdLogin(login: SecondLogin): HeldToken {
    const known = held.get(login)
    if (known !== undefined) return known
    const { accessToken, accessTokenExpiresAt } = login.tokens
    const holding = holdToken({ accessToken, expiresAt: accessTokenExpiresAt, scope: login.scope })
    held.set(login, holding)
    return holding
  }

  return {
    obtain(realm, who) {
      const rule = options.secondRealms.get(realm)
      if (rule === undefined) throw new TypeError(`${realm} is no second realm`)
      const { obtain } = rule
      if (obtain.kind === 'clientCredentials') return serviceTokens.obtain(realm, rule.scopes, 'realm')
      if (who === null) throw new TypeError(`a token of ${realm} cannot be had for nobody`)
      if (obtain.kind === 'login') return obtainByLogin(realm, who)
      return (holders.find(who.anchor, realm) ?? addGrantHolder(who, realm, rule, obtain)).get()
    },
    drain: logins.drain,
  }
}

function isAlive({ tokens }: SecondLogin, now: EpochSeconds): boolean {
  return now < usableUntil(tokens.accessTokenExpiresAt)
}
