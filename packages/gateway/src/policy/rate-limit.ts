// How many requests a key may make, in windows that begin with a key's first request. Counts in the memory of this
// process, or where a route asks for it in the store of all of them. A limit belongs to a route or an endpoint as an
// object: no way to write a path leads around it.
import {
  BurstyRateLimiter,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import type { Reply } from '../http/reply.ts'
import { hashSecret } from '../kernel/secrets.ts'
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

/** Where counters are that all processes share, as the library for limits asks for it. */
export type CounterPlace =
  | { readonly kind: 'redis'; readonly client: object; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly client: object; readonly schema: string; readonly table: string }

const BURST_WINDOWS = 10
/** 12 to 20 MB of counters. A key beyond them replaces the quietest one; while all are at their limit, it is refused. */
const KEYS_MAX = 20_000
/** A longer timer goes off at once, and the library would forget its counters with it. */
const TIMER_MAX_MILLISECONDS = 2 ** 31 - 1

/** Throws a `TypeError` for a window that is too long for a timer: nothing would be limited. */
export function createRateLimiter(limit: RateLimit): RateLimiter {
  const { rate, extra, lifeMillis } = createMemoryCounters(limit)
  const counter = joinCounters(rate, limit.burst === 0 ? null : extra)
  const forget = (key: string) => {
    void rate.delete(key)
    void extra.delete(key)
  }
  const keys = createCountedKeys({ max: KEYS_MAX, lifeMillis, forget })
  const buildVerdict = verdictsOf(limit)
  return {
    async consume(key) {
      const now = Date.now()
      if (!keys.admit(key, now)) return buildVerdict('limited', 0, limit.windowSeconds * 1000)
      const { kind, result } = await count(counter, key)
      keys.settle(key, kind === 'allowed' ? null : now + result.msBeforeNext, now)
      return buildVerdict(kind, result.remainingPoints, result.msBeforeNext)
    },
  }
}

export interface SharedCounting {
  /** Names the limit among those that share the place. */
  readonly name: string
  readonly place: CounterPlace
  /** Where requests are counted while the place is out of reach. */
  readonly local: RateLimiter
  /** Told when counting moves from one to the other. Must not throw. */
  readonly tell: (counted: 'shared' | 'locally') => void
}

/** Counts for all processes together. Keys are hashed: a place of others' gets to know nobody. */
export function createSharedRateLimiter(limit: RateLimit, { name, place, local, tell }: SharedCounting): RateLimiter {
  const { requests, windowSeconds, burst } = limit
  const rate = createSharedCounter(place, `${name}:rate`, requests, windowSeconds)
  const extra = createSharedCounter(place, `${name}:burst`, burst, windowSeconds * BURST_WINDOWS)
  const counter = joinCounters(rate, burst === 0 ? null : extra)
  const buildVerdict = verdictsOf(limit)
  let counted: 'shared' | 'locally' = 'shared'
  const move = (to: typeof counted) => {
    if (counted !== to) tell(to)
    counted = to
  }
  return {
    async consume(key) {
      try {
        const { kind, result } = await count(counter, hashSecret(key))
        move('shared')
        return buildVerdict(kind, result.remainingPoints, result.msBeforeNext)
      } catch {
        move('locally')
        return local.consume(key)
      }
    },
  }
}

function createSharedCounter(
  place: CounterPlace,
  keyPrefix: string,
  points: number,
  seconds: number,
): RateLimiterAbstract {
  const common = { points, duration: seconds, storeClient: place.client }
  if (place.kind === 'redis') {
    return new RateLimiterRedis({ ...common, keyPrefix: `${place.prefix}:limit:${keyPrefix}`, useRedisPackage: true })
  }
  const { schema: schemaName, table: tableName } = place
  const settings = { ...common, keyPrefix, schemaName, tableName, storeType: 'client', tableCreated: true }
  return new RateLimiterPostgres({ ...settings, clearExpiredByTimeout: false })
}

type Counter = Pick<RateLimiterAbstract, 'consume'>

function joinCounters(rate: RateLimiterAbstract, extra: RateLimiterAbstract | null): Counter {
  return extra === null ? rate : new BurstyRateLimiter(rate, extra)
}

interface Counted {
  readonly kind: RateVerdict['kind']
  readonly result: RateLimiterRes
}

/** Rejects with what the place of the counters fails with. */
async function count(counter: Counter, key: string): Promise<Counted> {
  try {
    return { kind: 'allowed', result: await counter.consume(key) }
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection
    return { kind: 'limited', result: rejection }
  }
}

function verdictsOf({ requests, windowSeconds }: RateLimit) {
  const policy = `"default";q=${requests};w=${windowSeconds}`
  return (kind: RateVerdict['kind'], remaining: number, millis: number): RateVerdict => {
    const seconds = Math.max(1, Math.ceil(millis / 1000))
    const headers: Reply['headers'] = [
      ['ratelimit-policy', policy],
      ['ratelimit', `"default";r=${remaining};t=${seconds}`],
    ]
    return { kind, headers, retryAfterSeconds: seconds }
  }
}

function createMemoryCounters({ requests, windowSeconds, burst }: RateLimit) {
  const burstSeconds = windowSeconds * BURST_WINDOWS
  const lifeMillis = (burst === 0 ? windowSeconds : burstSeconds) * 1000
  if (lifeMillis > TIMER_MAX_MILLISECONDS) throw new TypeError('the window of a rate limit is too long')
  const rate = new RateLimiterMemory({ keyPrefix: '', points: requests, duration: windowSeconds })
  const extra = new RateLimiterMemory({ keyPrefix: '', points: burst, duration: burstSeconds })
  return { rate, extra, lifeMillis }
}
