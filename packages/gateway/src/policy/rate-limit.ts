// How many requests a key may make. Counts in the memory of this process, in windows that begin with a key's first
// request. A limit belongs to a route or an endpoint as an object: no way to write a path leads around it.
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Reply } from '../http/reply.ts'
import { createCountedKeys } from './counted-keys.ts'

export interface RateLimit {
  /** Let through in each window. */
  readonly requests: number
  readonly windowSeconds: number
  /** Beyond them, saved up again within ten windows. */
  readonly burst: number
}

export interface RateVerdict {
  readonly kind: 'allowed' | 'limited'
  /** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). They do not tell of the burst. */
  readonly headers: Reply['headers']
  /** Whole seconds, at least 1. */
  readonly retryAfterSeconds: number
}

export interface RateLimiter {
  /** Counts one request. Requests that are refused count as well, and lengthen nothing. */
  consume(key: string): Promise<RateVerdict>
}

const BURST_WINDOWS = 10
/** 12 to 20 MB of counters. A key beyond them replaces the quietest one; while all are at their limit, it is refused. */
const KEYS_MAX = 20_000
/** A longer timer goes off at once, and the library would forget its counters with it. */
const TIMER_MAX_MILLIS = 2 ** 31 - 1

/** Throws a `TypeError` for a window that is too long for a timer: nothing would be limited. */
export function createRateLimiter(limit: RateLimit): RateLimiter {
  const counters = createCounters(limit)
  const keys = createCountedKeys({ max: KEYS_MAX, lifeMillis: counters.lifeMillis, forget: counters.forget })
  const policy = `"default";q=${limit.requests};w=${limit.windowSeconds}`

  function verdict(kind: RateVerdict['kind'], remaining: number, millis: number): RateVerdict {
    const seconds = Math.max(1, Math.ceil(millis / 1000))
    const headers: Reply['headers'] = [
      ['ratelimit-policy', policy],
      ['ratelimit', `"default";r=${remaining};t=${seconds}`],
    ]
    return { kind, headers, retryAfterSeconds: seconds }
  }

  return {
    async consume(key) {
      const now = Date.now()
      if (!keys.admit(key, now)) return verdict('limited', 0, limit.windowSeconds * 1000)
      const { isAllowed, result } = await counters.count(key)
      keys.settle(key, isAllowed ? null : now + result.msBeforeNext, now)
      return verdict(isAllowed ? 'allowed' : 'limited', result.remainingPoints, result.msBeforeNext)
    },
  }
}

interface Counters {
  readonly lifeMillis: number
  count(key: string): Promise<{ readonly isAllowed: boolean; readonly result: RateLimiterRes }>
  forget(key: string): void
}

function createCounters({ requests, windowSeconds, burst }: RateLimit): Counters {
  const burstSeconds = windowSeconds * BURST_WINDOWS
  const lifeMillis = (burst === 0 ? windowSeconds : burstSeconds) * 1000
  if (lifeMillis > TIMER_MAX_MILLIS) throw new TypeError('the window of a rate limit is too long')
  const rate = new RateLimiterMemory({ keyPrefix: '', points: requests, duration: windowSeconds })
  const extra = new RateLimiterMemory({ keyPrefix: '', points: burst, duration: burstSeconds })
  const limiter = burst === 0 ? rate : new BurstyRateLimiter(rate, extra)
  return {
    lifeMillis,
    async count(key) {
      try {
        return { isAllowed: true, result: await limiter.consume(key) }
      } catch (rejection) {
        // Memory has no failure of its own: anything else is a defect, and costs this one request.
        if (!(rejection instanceof RateLimiterRes)) throw rejection
        return { isAllowed: false, result: rejection }
      }
    },
    forget(key) {
      void rate.delete(key)
      void extra.delete(key)
    },
  }
}
