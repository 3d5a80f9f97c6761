// What is allowed and probably not meant. `doorman check` shows it, the gateway says it at start.
import { isLoopbackHost } from '../kernel/loopback.ts'
import { isPlainRemote } from './addresses.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { doubt, type Finding } from './problems.ts'
import { findRealmDoubts } from './realm-doubts.ts'
import { findRequirementDoubts } from './requirement-doubts.ts'
import { foldRoutePath } from './route-path.ts'

export function findDoubts(config: GatewayConfig): readonly Finding[] {
  return [
    ...findPlainIssuers(config),
    ...findOpenListeners(config),
    ...findTrustInEverybody(config),
    ...findNearlyEqualRoutes(config),
    ...findCrossSiteFrontends(config),
    ...findLocalCounters(config),
    ...findChangingGets(config),
    ...findRealmDoubts(config),
    ...findRequirementDoubts(config),
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

function findCrossSiteFrontends({ frontends }: GatewayConfig): readonly Finding[] {
  const message =
    'on another site than publicUrl: every cookie of ours becomes SameSite=None, and Safari, Firefox and private ' +
    'windows of Chrome send none to another site'
  return frontends.flatMap(({ isCrossSite }, index) =>
    isCrossSite ? [doubt(['frontends', index, 'origin'], message, 'put both below one registrable domain')] : [],
  )
}

// Told once, at the first limit: it is the same for all of them.
function findLocalCounters({ session, limit, routes }: GatewayConfig): readonly Finding[] {
  if (session.store.kind === 'memory') return []
  const index = routes.findIndex((route) => route.limit !== null)
  if (limit === null && index === -1) return []
  const path = limit === null ? ['routes', index, 'limit'] : ['limit']
  return [doubt(path, 'each process counts by itself: several processes on one store let through as many times more')]
}

function findChangingGets({ alsoGet }: GatewayConfig): readonly Finding[] {
  if (alsoGet.length === 0) return []
  const message = 'a GET changes something: every link of your own pages does, and so does what follows them by itself'
  return [doubt(['endpoints', 'alsoGet'], message, 'leave it out once your front ends send POST')]
}
