// Counts each answered request. On the way of every request, so the label sets are bound once and kept.
import { Counter, Histogram, type Registry } from 'prom-client'
import type { GatewayEvent } from '../kernel/events.ts'

type RequestAnswered = Extract<GatewayEvent, { readonly kind: 'request.answered' }>

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** A method of the client's own invention would be a label of the client's own invention. */
const METHODS: readonly string[] = ['OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

interface RouteMeter {
  readonly observe: (seconds: number) => void
  /** By method and first digit of the status. */
  readonly counters: Map<number, () => void>
}

export function createRequestMeter(registry: Registry): (event: RequestAnswered) => void {
  const requests = new Counter({
    name: 'doorman_requests_total',
    help: 'Answered requests.',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'doorman_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['route'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  const routes = new Map<string, RouteMeter>()

  function routeMeter(route: string): RouteMeter {
    const known = routes.get(route)
    if (known !== undefined) return known
    const { observe } = durations.labels(route)
    const meter: RouteMeter = { observe, counters: new Map() }
    routes.set(route, meter)
    return meter
  }

  function counter(route: string, methodIndex: number, statusClass: number): () => void {
    const child = requests.labels(route, METHODS[methodIndex] ?? 'OTHER', `${statusClass}xx`)
    return () => child.inc()
  }

  return ({ route, method, status, seconds }) => {
    const meter = routeMeter(route)
    meter.observe(seconds)
    const methodIndex = Math.max(0, METHODS.indexOf(method))
    const statusClass = Math.floor(status / 100)
    const key = methodIndex * 10 + statusClass
    let count = meter.counters.get(key)
    if (count === undefined) {
      count = counter(route, methodIndex, statusClass)
      meter.counters.set(key, count)
    }
    count()
  }
}
