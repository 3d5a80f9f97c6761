// Tokens that are renewed though nobody asks: of sessions with something open when they are due, and, where the
// configuration says so, of sessions in use ahead of that, each at a moment of its own. Never counts as use.
import type { EpochSeconds } from '../kernel/time.ts'
import type { TokenSet } from '../realm/token-set.ts'
import type { LiveSession } from '../session/live-session.ts'
import { type SessionLimits, sessionState } from '../session/session.ts'
import type { Refresher } from './refresh.ts'

export interface BackgroundRenewal {
  /** Looks every few seconds from now on. */
  start(): void
  /** One look; resolves when what it found has been tried. */
  renewDue(): Promise<void>
  /** Begins nothing more; resolves when what is under way has ended. */
  close(): Promise<void>
}

export interface BackgroundRenewalOptions {
  /** Sessions with something open under their tokens. */
  readonly usingTokens: () => Iterable<LiveSession>
  /** Sessions used no longer ago than so many seconds. */
  readonly usedWithin: (seconds: number) => Iterable<LiveSession>
  readonly refresher: Pick<Refresher, 'refreshAhead'>
  readonly limits: SessionLimits
  /** Sessions in use are renewed before they are due. */
  readonly ahead: boolean
  /** Who was used within this time counts as in use. */
  readonly inUseSeconds: number
  /** Renewals at the same time. Fewer than the realm's gate lets in: requests come first. */
  readonly concurrency: number
  readonly everySeconds: number
  readonly now: () => EpochSeconds
  /** From 0 to 1. */
  readonly random: () => number
}

export function createBackgroundRenewal(options: BackgroundRenewalOptions): BackgroundRenewal {
  const { now, refresher, limits } = options
  const planned = new WeakMap<TokenSet, EpochSeconds>()
  let round: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false

  function isActive({ session, lastUsedAt }: LiveSession): boolean {
    return sessionState(session, lastUsedAt, limits, now()).kind === 'active'
  }

  /** In the second half of the time that is left when the tokens are first seen: whole crowds log in at once. */
  function planOf({ session }: LiveSession): EpochSeconds {
    const known = planned.get(session.tokens)
    if (known !== undefined) return known
    const restSeconds = Math.max(0, session.refreshDueAt - now())
    const at = now() + restSeconds * (0.5 + options.random() / 2)
    planned.set(session.tokens, at)
    return at
  }

  function findDue(): ReadonlyMap<string, LiveSession> {
    const due = new Map<string, LiveSession>()
    for (const live of options.usingTokens()) if (now() >= live.session.refreshDueAt) due.set(live.key, live)
    if (!options.ahead) return due
    for (const live of options.usedWithin(options.inUseSeconds)) if (now() >= planOf(live)) due.set(live.key, live)
    return due
  }

  async function renewSome(due: Iterator<LiveSession>): Promise<void> {
    for (let next = due.next(); !next.done && !hasEnded; next = due.next()) {
      if (isActive(next.value)) await refresher.refreshAhead(next.value)
    }
  }

  async function renewAll(): Promise<void> {
    const due = findDue().values()
    await Promise.all(Array.from({ length: options.concurrency }, () => renewSome(due)))
  }

  function renewDue(): Promise<void> {
    round ??= renewAll().finally(() => {
      round = null
    })
    return round
  }

  return {
    start() {
      timer = setInterval(() => void renewDue(), options.everySeconds * 1000).unref()
    },
    renewDue,
    async close() {
      hasEnded = true
      clearInterval(timer)
      await round
    },
  }
}
