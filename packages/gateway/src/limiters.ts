// Limits of the configuration, as what requests go through.
import type { Answers } from './answers.ts'
import type { LimitConfig } from './config/gateway-config.ts'
import { decideHeaders } from './http/answer-headers.ts'
import type { Exchange } from './http/exchange.ts'
import type { Events } from './kernel/events.ts'
import { limitKey } from './policy/limit-key.ts'
import type { Principal } from './policy/principal.ts'
import { type CounterPlace, createRateLimiter, createSharedRateLimiter, type RateLimiter } from './policy/rate-limit.ts'

/** Who has used up a limit has been answered; everybody else passes. */
export type Limiter = (exchange: Exchange, principal: Principal, tenant: string | null, pass: () => void) => void

/** `name` tells the limit from others, in every process the same. */
export type CreateLimiter = (limit: LimitConfig, name: string) => Limiter

export interface LimiterParts {
  readonly answers: Answers
  readonly events: Events
  /** Where processes count together; null where the store has no such place. */
  readonly counters: CounterPlace | null
}

export function createLimiters(parts: LimiterParts): CreateLimiter {
  const { answers } = parts
  return (limit, name) => {
    const { by } = limit
    const limiter = chooseLimiter(limit, name, parts)
    return (exchange, principal, tenant, pass) => {
      const { request, response } = exchange
      const subject = principal.kind === 'anonymous' ? null : principal
      const key = limitKey(by, { principal: subject, clientAddress: request.clientAddress, tenant })
      limiter
        .consume(key)
        .then(({ kind, headers, retryAfterSeconds }) => {
          decideHeaders(response, headers)
          if (kind === 'allowed') pass()
          else answers.refuse(request, response, 'ERR_RATE_LIMITED', { by }, { retryAfterSeconds })
        })
        .catch((error: unknown) => answers.fail(exchange, error))
    }
  }
}

function chooseLimiter(limit: LimitConfig, name: string, { counters, events }: LimiterParts): RateLimiter {
  const local = createRateLimiter(limit)
  if (!limit.isShared || counters === null) return local
  return createSharedRateLimiter(limit, {
    name,
    place: counters,
    local,
    tell: (counted) => events.emit({ kind: 'gateway.warned', warning: `the limit of ${name} is counted ${counted}` }),
  })
}
