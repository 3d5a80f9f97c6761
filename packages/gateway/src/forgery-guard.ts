// Refuses what pages of other origins make somebody's browser send.
import type { Answers } from './answers.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import type { Exchange } from './http/exchange.ts'
import type { ChangingGetOrigin } from './http/navigation.ts'
import type { GatewayRequest } from './http/request.ts'
import { judgeChangingGet } from './policy/changing-get.ts'
import { judgeOrigin, judgeUpgrade, type OriginRules } from './policy/csrf.ts'

/** True once the request has been refused. */
export type RefuseForged = (exchange: Exchange) => boolean

export function createForgeryGuard(config: GatewayConfig, answers: Answers): RefuseForged {
  const rules = buildOriginRules(config)
  return ({ request, response, upgrade }) => {
    const verdict = upgrade === null ? judgeOrigin(request, rules) : judgeUpgrade(request, rules)
    if (verdict.kind === 'accepted') return false
    answers.refuse(request, response, 'ERR_POLICY_CSRF', { because: verdict.because }, {})
    return true
  }
}

export function buildOriginRules({ publicUrl, frontends }: GatewayConfig): OriginRules {
  const others = frontends.filter(({ origin }) => origin !== publicUrl)
  return {
    ownOrigin: publicUrl,
    frontends: others.filter(({ isCrossSite }) => !isCrossSite).map(({ origin }) => origin),
    crossSiteFrontends: others.filter(({ isCrossSite }) => isCrossSite).map(({ origin }) => origin),
  }
}

/** For endpoints that may be asked by GET although they change something. */
export function createGetJudge(config: GatewayConfig): (request: GatewayRequest) => ChangingGetOrigin {
  const rules = buildOriginRules(config)
  return (request) => judgeChangingGet(request, rules)
}
