// What a route sends upstream for the person who asks. At once while the tokens are fresh; a credential that cannot be
// had is an error and never becomes "none".
import { ERRORS, type ErrorCode, isGatewayError } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createExchanges, type ExchangeOptions } from './exchange.ts'
import type { InternalTokens } from './internal-token.ts'
import {
  type Beneficiary,
  type Credential,
  type Holding,
  holdToken,
  type InternalCredential,
  type Obtained,
  type Refusal,
  type TokenOwner,
  usableUntil,
} from './obtained.ts'
import type { Refresher, RefreshOutcome } from './refresh.ts'
import { RETRY_AFTER_SECONDS, refused } from './refusals.ts'
import { createSecondRealms, type SecondRealmOptions } from './second-realm.ts'
import { createServiceTokens } from './service-token.ts'

export type Freshness =
  | { readonly kind: 'fresh'; readonly live: LiveSession }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly retryAfterSeconds: number }

export interface CredentialOptions extends ExchangeOptions, SecondRealmOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>
  readonly refresher: Pick<Refresher, 'refresh' | 'refreshNow'>
  readonly internalTokens: Pick<InternalTokens, 'mint'>
  /** The local name of the realm whose service account speaks where nobody has logged in. */
  readonly loginRealm: string
  /**
   * Renewals that are due are waited for, because they say whether the session lives. A realm that cannot say changes
   * nothing: living tokens go on.
   */
  readonly verifies: boolean
}

const NOTHING: Obtained = { kind: 'obtained', authorization: null }

export interface Credentials {
  /**
   * The session with tokens that may be used now. Tokens that are due but alive are used while they are renewed in the
   * background, unless `verifies`; expired ones are waited for, within a bound, and never sent.
   */
  freshen(live: LiveSession): Freshness | Promise<Freshness>
  /**
   * The header for a route. At once whenever it is warm. `who` null: nobody, on a route that is open to everybody.
   * Throws a `TypeError` for what cannot be had for nobody.
   */
  obtain(credential: Credential, who: Beneficiary | null, tenant: string | null): Obtained | Promise<Obtained>
  /**
   * As `obtain`, with the token itself, for who is given it to send it on. Throws a `TypeError` where the credential is
   * none.
   */
  obtainToken(credential: Credential, who: Beneficiary, tenant: string | null): Holding | Promise<Holding>
  /** A second realm's token itself, for who is given it by name. */
  obtainSecondRealmToken(realm: string, who: TokenOwner): Holding | Promise<Holding>
  /** Resolves when no tokens are being renewed that exist nowhere else. */
  drain(): Promise<void>
}

export function createCredentials(options: CredentialOptions): Credentials {
  const { refresher } = options
  const exchanges = createExchanges(options)
  const serviceTokens = createServiceTokens(options)
  const secondRealms = createSecondRealms(options, exchanges, serviceTokens)

  async function waitFor(refresh: Promise<RefreshOutcome>): Promise<Freshness> {
    const outcome = await within(refresh, options.waitSeconds)
    if (outcome === undefined) return notFresh(RETRY_AFTER_SECONDS)
    if (outcome.kind === 'ended') return { kind: 'refused', code: 'ERR_TOKEN_REFRESH_REJECTED', retryAfterSeconds: 0 }
    if (outcome.kind === 'lost') return { kind: 'refused', code: 'ERR_SESSION_LOST', retryAfterSeconds: 0 }
    if (outcome.kind === 'unavailable') return notFresh(outcome.retryAfterSeconds)
    // An answer may be longer on its way than its token lives.
    const isUsable = options.now() < usableUntil(outcome.live.session.tokens.accessTokenExpiresAt)
    return isUsable ? outcome : notFresh(RETRY_AFTER_SECONDS)
  }

  async function verify(live: LiveSession, refresh: Promise<RefreshOutcome>): Promise<Freshness> {
    const freshness = await waitFor(refresh)
    const isUnsaid = freshness.kind === 'refused' && freshness.code === 'ERR_TOKEN_REFRESH_UNAVAILABLE'
    const isAlive = options.now() < live.session.tokens.accessTokenExpiresAt
    return isUnsaid && isAlive ? { kind: 'fresh', live } : freshness
  }

  function mint(who: Beneficiary, credential: InternalCredential, tenant: string | null): Holding | Promise<Holding> {
    try {
      const minted = options.internalTokens.mint(who, credential, tenant)
      return 'kind' in minted ? minted : minted.catch(refuseFailed)
    } catch (error) {
      return refuseFailed(error)
    }
  }

  return {
    freshen(live) {
      const now = options.now()
      if (now < live.session.refreshDueAt) return { kind: 'fresh', live }
      const refresh = refresher.refresh(live)
      if (now >= usableUntil(live.session.tokens.accessTokenExpiresAt)) return waitFor(refresh)
      return options.verifies ? verify(live, refresh) : { kind: 'fresh', live }
    },
    obtain(credential, who, tenant) {
      switch (credential.kind) {
        case 'none':
          return NOTHING
        case 'accessToken':
          return { kind: 'obtained', authorization: ownAuthorization(known(who, credential)) }
        case 'internal':
          return headerOf(mint(known(who, credential), credential, tenant))
        case 'exchange':
          return headerOf(exchanges.obtain(known(who, credential), credential))
        case 'serviceAccount':
          return headerOf(serviceTokens.obtain(who?.realm ?? options.loginRealm, credential.scopes, 'serviceAccount'))
        case 'realm':
          return headerOf(secondRealms.obtain(credential.realm, who))
      }
    },
    obtainToken(credential, who, tenant) {
      switch (credential.kind) {
        case 'none':
          throw new TypeError('there is no token of no credential')
        case 'accessToken':
          return holdToken({ accessToken: who.accessToken, expiresAt: who.accessTokenExpiresAt, scope: null })
        case 'internal':
          return mint(who, credential, tenant)
        case 'exchange':
          return exchanges.obtain(who, credential)
        case 'serviceAccount':
          return serviceTokens.obtain(who.realm, credential.scopes, 'serviceAccount')
        case 'realm':
          return secondRealms.obtain(credential.realm, who)
      }
    },
    obtainSecondRealmToken: secondRealms.obtain,
    drain: secondRealms.drain,
  }
}

function notFresh(retryAfterSeconds: number): Freshness {
  return { kind: 'refused', code: 'ERR_TOKEN_REFRESH_UNAVAILABLE', retryAfterSeconds }
}

function known(who: Beneficiary | null, { kind }: Credential): Beneficiary {
  if (who === null) throw new TypeError(`${kind} cannot be had for nobody`)
  return who
}

function ownAuthorization({ live, accessToken }: Beneficiary): string {
  return live === null ? `Bearer ${accessToken}` : live.authorization
}

function headerOf(holding: Holding | Promise<Holding>): Obtained | Promise<Obtained> {
  return 'kind' in holding ? toHeader(holding) : holding.then(toHeader)
}

function toHeader(holding: Holding): Obtained {
  return holding.kind === 'token' ? holding.header : holding
}

/** An error of our own is an answer; anything else is a fault and thrown on. */
function refuseFailed(error: unknown): Refusal {
  if (!isGatewayError(error)) throw error
  const { because, reason } = error.detail
  const retryAfterSeconds = ERRORS[error.code].retry === 'later' ? RETRY_AFTER_SECONDS : 0
  return refused(error.code, String(because ?? reason ?? error.code), retryAfterSeconds)
}
