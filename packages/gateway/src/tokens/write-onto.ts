// Writes a change onto the newest state of a session, whoever has written since: compare-and-set, re-read, once more.
import { GatewayError } from '../kernel/errors.ts'
import type { Elapsed } from '../kernel/time.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import type { SessionNews } from './session-news.ts'

/** The next state, or null when this state must be left as it is. */
export type ChangeSession = (session: Session) => Session | null

export type Written =
  | { readonly kind: 'written'; readonly live: LiveSession }
  /** Left as it is. */
  | { readonly kind: 'superseded'; readonly live: LiveSession }
  | { readonly kind: 'ended'; readonly because: string }

type Sessions = Pick<SessionLifecycle, 'replace' | 'reread' | 'end'>

/** Others write once in minutes: whoever loses so often is up against a fault. */
const MAX_ATTEMPTS = 50

/** Never brings back a session that has ended. Rejects with `ERR_STORE_UNAVAILABLE`. */
export async function writeOnto(live: LiveSession, change: ChangeSession, sessions: Sessions): Promise<Written> {
  let current = live
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const changed = change(current.session)
    if (changed === null) return { kind: 'superseded', live: current }
    const { outcome, live: replaced } = await sessions.replace(current, changed)
    if (outcome === 'replaced') return { kind: 'written', live: replaced }
    if (outcome === 'tombstoned') {
      await sessions.end(current, 'realm', "the realm's session ended meanwhile")
      return { kind: 'ended', because: 'tombstoned' }
    }
    const reread = await sessions.reread(current)
    if (reread === undefined) return { kind: 'ended', because: 'ended meanwhile' }
    current = reread
  }
  throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'contended' })
}

export interface Patience {
  readonly news: Pick<SessionNews, 'listen'>
  readonly elapsed: Elapsed
  readonly limitSeconds: number
}

/** For what exists nowhere else: a store that fails is asked again for a while, and at once when it is back. */
export function withPatience(sessions: Sessions, { news, elapsed, limitSeconds }: Patience): Sessions {
  // From now on alone: a write whose outcome nobody knows is itself told as a change.
  async function pause(key: string, tries: number): Promise<void> {
    const listening = news.listen(key)
    await listening.next(tries)
    listening.stop()
  }

  return {
    reread: sessions.reread,
    end: sessions.end,
    async replace(live, changed) {
      const giveUpAt = elapsed() + limitSeconds
      for (let tries = 0; ; tries += 1) {
        try {
          return await sessions.replace(live, changed)
        } catch (cause) {
          if (elapsed() >= giveUpAt) throw cause
          await pause(live.key, tries)
        }
      }
    },
  }
}
