// Pauses after what failed, by session, so that a realm in trouble is not asked by every request.
import type { EpochSeconds } from '../kernel/time.ts'

export interface Cooldown {
  begin(key: string, seconds: number): void
  /** 0 when there is none. */
  restSeconds(key: string): number
}

export function createCooldown(now: () => EpochSeconds): Cooldown {
  const until = new Map<string, EpochSeconds>()

  function forgetOver(): void {
    for (const [key, end] of until) {
      if (end > now()) return
      until.delete(key)
    }
  }

  return {
    begin(key, seconds) {
      forgetOver()
      // Anew at the end of the Map, whose order is what makes forgetting cheap.
      until.delete(key)
      until.set(key, now() + seconds)
    },
    restSeconds: (key) => Math.max(0, (until.get(key) ?? 0) - now()),
  }
}
