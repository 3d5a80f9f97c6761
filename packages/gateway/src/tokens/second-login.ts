// The tokens of a second login, kept in the session of the first and renewed at their own realm. Neither touches the
// session's own tokens nor who is logged in, and nothing the second realm says ends the session.
import { isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { RefreshResult, RelyingParty } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { refreshDueAt, type SecondLogin, type Session } from '../session/session.ts'
import { createCooldown } from './cooldown.ts'
import { type LeaseOptions, workUnderLease } from './under-lease.ts'
import { type ChangeSession, type Written, withPatience, writeOnto } from './write-onto.ts'

export type SecondLoginOutcome =
  | { readonly kind: 'fresh'; readonly login: SecondLogin }
  /** The session holds none any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'session-ended' }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

export interface SecondLoginRefresher {
  /** Renews what is due; every caller at the same time gets the same answer. Never rejects. */
  refresh(live: LiveSession, realm: string): Promise<SecondLoginOutcome>
  /** Resolves when no refresh is under way any more. */
  drain(): Promise<void>
}

export interface SecondLoginOptions extends LeaseOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>
  readonly relyingParty: (realm: string) => RelyingParty
  readonly events: Pick<Events, 'emit'>
  /** The pause after a failed refresh before the realm is asked again for this session. */
  readonly cooldownSeconds: number
  readonly refreshMarginSeconds: number
}

const GONE: SecondLoginOutcome = { kind: 'gone' }
const SESSION_ENDED: SecondLoginOutcome = { kind: 'session-ended' }

/** Names of realms come from the configuration and may be any property's. */
export function secondLoginOf(session: Session, realm: string): SecondLogin | null {
  return Object.hasOwn(session.secondLogins, realm) ? (session.secondLogins[realm] ?? null) : null
}

/**
 * Puts the tokens of a second login into the session, in place of older ones; `false` when it has ended.
 * Rejects with `ERR_STORE_UNAVAILABLE`.
 */
export async function storeSecondLogin(
  live: LiveSession,
  realm: string,
  login: SecondLogin,
  sessions: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>,
): Promise<boolean> {
  const written = await writeOnto(live, (session) => withLogin(session, realm, login), sessions)
  return written.kind === 'written'
}

export function createSecondLoginRefresher(options: SecondLoginOptions): SecondLoginRefresher {
  const { store, events } = options
  const running = new Map<string, Promise<SecondLoginOutcome>>()
  const cooldown = createCooldown(() => store.now())
  const patient = withPatience(options.lifecycle, { ...options, now: () => store.now() })

  function refreshOnce(live: LiveSession, realm: string, name: string): Promise<SecondLoginOutcome> {
    const refresh = refreshUnderLease(live, realm, name)
      .catch((cause: unknown) => {
        if (!isGatewayError(cause)) events.emit({ kind: 'store.failed', operation: 'refresh', cause })
        return unavailable(name, options.cooldownSeconds)
      })
      .finally(() => running.delete(name))
    running.set(name, refresh)
    return refresh
  }

  async function refreshUnderLease(live: LiveSession, realm: string, name: string): Promise<SecondLoginOutcome> {
    const work = {
      lease: name,
      isWanted: ({ session }: LiveSession) => isRenewable(secondLoginOf(session, realm), store.now()),
      run: (current: LiveSession, lease: { isHeld(): boolean }) => askRealm(current, realm, name, lease),
    }
    const outcome = await workUnderLease(live, work, options)
    switch (outcome.kind) {
      case 'done':
        return outcome.result
      case 'unwanted':
        return found(outcome.live, realm)
      case 'ended':
        return SESSION_ENDED
      case 'busy':
        return unavailable(name, options.cooldownSeconds)
    }
  }

  async function askRealm(
    live: LiveSession,
    realm: string,
    name: string,
    lease: { isHeld(): boolean },
  ): Promise<SecondLoginOutcome> {
    const login = secondLoginOf(live.session, realm)
    if (login === null || login.tokens.refreshToken === null) return GONE
    const startedAt = store.now()
    const party = options.relyingParty(realm)
    let result = await party.refresh(login.tokens.refreshToken, login)
    // As in the session's own refresh: safe with rotation off and with one allowed reuse.
    if (result.kind === 'unavailable' && result.mayRepeat && lease.isHeld()) {
      result = await party.refresh(login.tokens.refreshToken, login)
    }
    const outcome = await settle(live, realm, login, name, result)
    tell(live.session, realm, result, outcome, store.now() - startedAt)
    return outcome
  }

  async function settle(
    live: LiveSession,
    realm: string,
    login: SecondLogin,
    name: string,
    result: RefreshResult,
  ): Promise<SecondLoginOutcome> {
    // Somebody may have renewed this login, logged in anew or removed it meanwhile: theirs is newer.
    const ifSame = (change: ChangeSession) => (session: Session) =>
      secondLoginOf(session, realm)?.tokens.refreshToken === login.tokens.refreshToken ? change(session) : null
    const write = (change: ChangeSession) => writeOnto(live, ifSame(change), patient)
    switch (result.kind) {
      case 'refreshed': {
        const renewed = renewedLogin(login, result, store.now(), options.refreshMarginSeconds)
        return foundIn(await write((session) => withLogin(session, realm, renewed)), realm)
      }
      case 'rejected':
      case 'foreign':
        return foundIn(await write((session) => withoutLogin(session, realm)), realm)
      case 'unavailable': {
        const { refreshToken } = result
        if (refreshToken !== undefined) {
          const kept = { ...login, tokens: { ...login.tokens, refreshToken } }
          await write((session) => withLogin(session, realm, kept))
        }
        return unavailable(name, result.retryAfterSeconds ?? options.cooldownSeconds)
      }
    }
  }

  function unavailable(name: string, retryAfterSeconds: number): SecondLoginOutcome {
    cooldown.begin(name, retryAfterSeconds)
    return { kind: 'unavailable', retryAfterSeconds }
  }

  function tell(
    session: Session,
    realm: string,
    result: RefreshResult,
    outcome: SecondLoginOutcome,
    seconds: number,
  ): void {
    const discarded = result.kind === 'refreshed' && outcome.kind !== 'fresh'
    const refreshed = discarded ? 'discarded' : 'success'
    events.emit({
      kind: 'tokens.refreshed',
      realm,
      session: session.handle,
      outcome: result.kind === 'refreshed' ? refreshed : result.kind,
      seconds,
      ...('because' in result ? { because: result.because } : {}),
    })
  }

  return {
    async refresh(live, realm) {
      const name = `refresh:${live.key}:${realm}`
      const retryAfterSeconds = cooldown.restSeconds(name)
      if (retryAfterSeconds > 0) return { kind: 'unavailable', retryAfterSeconds }
      return running.get(name) ?? refreshOnce(live, realm, name)
    },
    async drain() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

function isRenewable(login: SecondLogin | null, now: EpochSeconds): boolean {
  return login !== null && login.tokens.refreshToken !== null && now >= login.refreshDueAt
}

function found({ session }: LiveSession, realm: string): SecondLoginOutcome {
  const login = secondLoginOf(session, realm)
  return login === null ? GONE : { kind: 'fresh', login }
}

function foundIn(written: Written, realm: string): SecondLoginOutcome {
  return written.kind === 'ended' ? SESSION_ENDED : found(written.live, realm)
}

function withLogin(session: Session, realm: string, login: SecondLogin): Session {
  return { ...session, secondLogins: { ...session.secondLogins, [realm]: login } }
}

function withoutLogin(session: Session, realm: string): Session {
  const { [realm]: _, ...others } = session.secondLogins
  return { ...session, secondLogins: others }
}

/** RFC 6749 section 6: without a new refresh token the old one stays. */
function renewedLogin(
  login: SecondLogin,
  { tokens, accessClaims }: RefreshResult & { readonly kind: 'refreshed' },
  now: EpochSeconds,
  marginSeconds: number,
): SecondLogin {
  const { refreshToken, refreshTokenExpiresAt, idToken } = login.tokens
  const kept = tokens.refreshToken === null ? { refreshToken, refreshTokenExpiresAt } : {}
  return {
    ...login,
    tokens: { ...tokens, ...kept, idToken: tokens.idToken ?? idToken },
    scope: typeof accessClaims.scope === 'string' ? accessClaims.scope : login.scope,
    refreshDueAt: refreshDueAt(tokens, now, marginSeconds),
  }
}
