// Calls that services must refuse when they come without the gateway: what routes let nobody do without a login.
import type { GatewayConfig, RouteConfig } from '@doorman/gateway'
import type { DoctorService } from '@doorman/provision'

/** Enough to find an open door, and no scan. */
const MAX_CALLS = 5

export function describeServices({ services, routes }: GatewayConfig): readonly DoctorService[] {
  return Object.entries(services).map(([name, { url, timeouts }]) => {
    const own = routes
      .map((route, index) => ({ route, place: `routes[${index}]` }))
      .filter(({ route }) => route.service === name)
    const closed = own.filter(({ route }) => asksForLogin(route) && mayBeTried(route))
    const calls = closed.slice(0, MAX_CALLS).map(({ route, place }) => ({ url: url + examplePath(route), place }))
    return { name, calls, timeoutSeconds: timeouts.connectSeconds }
  })
}

function asksForLogin({ require }: RouteConfig): boolean {
  return require !== 'none' && require.login === true
}

/** A GET, which changes nothing. */
function mayBeTried({ methods }: RouteConfig): boolean {
  return methods === null || methods.includes('GET')
}

/** What the route's service is asked for when nothing stands for `*`. */
function examplePath({ path, rewrite }: RouteConfig): string {
  return (rewrite ?? path).replace(/\*$/, '')
}
