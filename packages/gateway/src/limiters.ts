// Limits of the configuration, as what requests go through.
import type { Answers } from './answers.ts'
import type { LimitConfig } from './config/gateway-config.ts'
import { decideHeaders } from './http/answer-headers.ts'
import type { Exchange } from './http/exchange.ts'
import { limitKey } from './policy/limit-key.ts'
import type { Principal } from './policy/principal.ts'
import { createRateLimiter } from './policy/rate-limit.ts'

/** Who has used up a limit has been answered; everybody else passes. */
export type Limiter = (exchange: Exchange, principal: Principal, tenant: string | null, pass: () => void) => void

export function createLimiter(limit: LimitConfig, answers: Answers): Limiter {
  const { by, ...rate } = limit
  const limiter = createRateLimiter(rate)
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
