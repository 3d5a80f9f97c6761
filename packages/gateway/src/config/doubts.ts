// What is allowed and probably not meant. `doorman check` shows it, the gateway says it at start.
import { isLoopbackHost } from '../kernel/loopback.ts'
import { isPlainRemote } from './addresses.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { doubt, type Finding } from './problems.ts'
import { foldRoutePath } from './route-path.ts'

export function findDoubts(config: GatewayConfig): readonly Finding[] {
  return [
    ...findPlainIssuers(config),
    ...findOpenListeners(config),
    ...findTrustInEverybody(config),
    ...findNearlyEqualRoutes(config),
  ]
}

function findPlainIssuers({ realms }: GatewayConfig): readonly Finding[] {
  return Object.entries(realms).flatMap(([name, { issuer }]) =>
    isPlainRemote(issuer) ? [doubt(['realms', name, 'issuer'], 'http: sends passwords and tokens in clear')] : [],
  )
}

function findOpenListeners({ publicUrl, listen, operator }: GatewayConfig): readonly Finding[] {
  const plain = publicUrl.startsWith('http:') && !isLoopbackHost(listen.host)
  const metrics = !isLoopbackHost(operator.listen.host)
  return [
    ...(plain ? [doubt(['listen'], 'other machines can connect, although publicUrl is on loopback')] : []),
    ...(metrics ? [doubt(['operator', 'listen'], 'everybody who can connect may read /metrics')] : []),
  ]
}

function findTrustInEverybody({ trustedProxies }: GatewayConfig): readonly Finding[] {
  return trustedProxies.flatMap((block, index) =>
    block.endsWith('/0') ? [doubt(['trustedProxies', index], 'everybody may claim any client address')] : [],
  )
}

// Servers and services fold these differences, so a request for the laxer route may reach what the stricter one guards.
function findNearlyEqualRoutes({ routes }: GatewayConfig): readonly Finding[] {
  return routes.flatMap((route, index) => {
    const other = routes.findIndex(
      ({ path }) => path !== route.path && foldRoutePath(path) === foldRoutePath(route.path),
    )
    if (other === -1 || other > index) return []
    return [doubt(['routes', index, 'path'], `differs from routes[${other}] only by case, slashes or escapes`)]
  })
}
