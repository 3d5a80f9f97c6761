// Names of keys, and how long they live.
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import type { SessionIndex } from '../session/session-store.ts'

export interface RedisKeys {
  readonly meta: string
  session(key: string): string
  index(index: SessionIndex, value: string): string
  claim(name: string): string
  tombstone(sid: string): string
  lease(name: string): string
  document(name: string): string
}

export function createRedisKeys(prefix: string): RedisKeys {
  return {
    meta: `${prefix}:meta`,
    session: (key) => `${prefix}:session:${key}`,
    index: (index, value) => `${prefix}:${index}:${value}`,
    claim: (name) => `${prefix}:claim:${name}`,
    tombstone: (sid) => `${prefix}:tombstone:${sid}`,
    lease: (name) => `${prefix}:lease:${name}`,
    document: (name) => `${prefix}:document:${name}`,
  }
}

/** Keys outlive what is in them, whose end is judged by the clock of whoever asks. */
const SURPLUS_SECONDS = 60

/** Milliseconds, for the scripts. */
export function timeToLive(expiresAt: EpochSeconds, now: Clock): string {
  return String(Math.max(1, Math.ceil((expiresAt - now() + SURPLUS_SECONDS) * 1000)))
}
