// Renews the tokens of a second login at their own realm, as refresh.ts does those of the session. Nothing the second
// realm says ends the session.
import { isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { RefreshResult, RelyingParty } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { type SecondLogin, type Session, secondLoginOf } from '../session/session.ts'
import { askRefresh, tellRefreshed } from './ask-refresh.ts'
import { createCooldown } from './cooldown.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Turn } from './realm-gate.ts'
import { renewedLogin, withLogin, withoutLogin } from './second-login.ts'
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

export interface SecondLoginRefresherOptions extends LeaseOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>
  readonly relyingParty: (realm: string) => RelyingParty
  readonly events: Pick<Events, 'emit'>
  /** The pause after a failed refresh before the realm is asked again for this session. */
  readonly cooldownSeconds: number
  readonly refreshMarginSeconds: number
}

const GONE: SecondLoginOutcome = { kind: 'gone' }
const SESSION_ENDED: SecondLoginOutcome = { kind: 'session-ended' }

export function createSecondLoginRefresher(options: SecondLoginRefresherOptions): SecondLoginRefresher {
  const { store, events } = options
  const running = new Map<string, Promise<SecondLoginOutcome>>()
  const cooldown = createCooldown(() => store.now())
  const patient = withPatience(options.lifecycle, options)

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
      realm,
      isWanted: ({ session }: LiveSession) => isRenewable(secondLoginOf(session, realm), store.now()),
      run: (current: LiveSession, lease: LeaseKeeper, turn: Turn) => askRealm(current, realm, name, lease, turn),
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
      case 'turned-away':
        return { kind: 'unavailable', retryAfterSeconds: outcome.retryAfterSeconds }
    }
  }

  async function askRealm(
    live: LiveSession,
    realm: string,
    name: string,
    lease: LeaseKeeper,
    turn: Turn,
  ): Promise<SecondLoginOutcome> {
    const login = secondLoginOf(live.session, realm)
    if (login === null || login.tokens.refreshToken === null) return GONE
    const startedAt = store.now()
    const result = await askRefresh(options.relyingParty(realm), login.tokens.refreshToken, login, lease, turn)
    const outcome = await settle(live, realm, login, name, result)
    const isKept = outcome.kind === 'fresh'
    const seconds = store.now() - startedAt
    tellRefreshed({ realm, session: live.session.handle, result, isKept, seconds }, events)
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
