// Requirements that are allowed and change nothing.
import type { GatewayConfig } from './gateway-config.ts'
import { doubt, type Finding } from './problems.ts'

export function findRequirementDoubts({ routes }: GatewayConfig): readonly Finding[] {
  return routes.flatMap(({ require, credential }, index) => {
    if (require === 'none' || require.login !== 'optional' || credential.kind !== 'none') return []
    const message = 'the service receives no credential, so it never learns who is logged in'
    return [doubt(['routes', index, 'require', 'login'], message, 'write require: none, or a credential')]
  })
}
