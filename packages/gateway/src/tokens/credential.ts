// What a route sends upstream for the person who asks. At once while the tokens are fresh; a credential that cannot be
// had is an error and never becomes "none".
import { ERRORS, isGatewayError } from '../kernel/errors.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import { createExchanges, type ExchangeOptions } from './exchange.ts'
import { createFreshen, type Freshen, type FreshnessOptions } from './freshness.ts'
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
} from './obtained.ts'
import type { Refresher } from './refresh.ts'
import { RETRY_AFTER_SECONDS, refused } from './refusals.ts'
import { createSecondRealms, type SecondRealmOptions } from './second-realm.ts'
import { createServiceTokens } from './service-token.ts'

export interface CredentialOptions extends ExchangeOptions, SecondRealmOptions, FreshnessOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>
  readonly refresher: Pick<Refresher, 'refresh' | 'refreshNow'>
  readonly internalTokens: Pick<InternalTokens, 'mint'>
  /** The local name of the realm whose service account speaks where nobody has logged in. */
  readonly loginRealm: string
}

/** Had for the purpose, and not come with whoever asks. */
type HeldCredential = Exclude<Credential, { readonly kind: 'none' | 'accessToken' }>

const NOTHING: Obtained = { kind: 'obtained', authorization: null }

export interface Credentials {
  readonly freshen: Freshen
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
  const exchanges = createExchanges(options)
  const serviceTokens = createServiceTokens(options)
  const secondRealms = createSecondRealms(options, exchanges, serviceTokens)

  function mint(who: Beneficiary, credential: InternalCredential, tenant: string | null): Holding | Promise<Holding> {
    try {
      const minted = options.internalTokens.mint(who, credential, tenant)
      return 'kind' in minted ? minted : minted.catch(refuseFailed)
    } catch (error) {
      return refuseFailed(error)
    }
  }

  function hold(
    credential: HeldCredential,
    who: Beneficiary | null,
    tenant: string | null,
  ): Holding | Promise<Holding> {
    switch (credential.kind) {
      case 'internal':
        return mint(known(who, credential), credential, tenant)
      case 'exchange':
        return exchanges.obtain(known(who, credential), credential)
      case 'serviceAccount':
        return serviceTokens.obtain(who?.realm ?? options.loginRealm, credential.scopes, 'serviceAccount')
      case 'realm':
        return secondRealms.obtain(credential.realm, who)
    }
  }

  return {
    freshen: createFreshen(options),
    obtain(credential, who, tenant) {
      switch (credential.kind) {
        case 'none':
          return NOTHING
        case 'accessToken':
          return { kind: 'obtained', authorization: ownAuthorization(known(who, credential)) }
        default:
          return headerOf(hold(credential, who, tenant))
      }
    },
    obtainToken(credential, who, tenant) {
      switch (credential.kind) {
        case 'none':
          throw new TypeError('there is no token of no credential')
        case 'accessToken':
          return holdToken({ accessToken: who.accessToken, expiresAt: who.accessTokenExpiresAt, scope: null })
        default:
          return hold(credential, who, tenant)
      }
    },
    obtainSecondRealmToken: secondRealms.obtain,
    drain: secondRealms.drain,
  }
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
