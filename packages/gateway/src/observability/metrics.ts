// Counts and times for Prometheus, from the gateway's events. Labels are names from the configuration and words of ours,
// never a path, an address or a person.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { ERRORS } from '../kernel/errors.ts'
import type { EventListener } from '../kernel/events.ts'
import { createRequestMeter } from './request-meter.ts'

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const
const LATENCY_BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Metrics {
  /** For `Events.subscribe`. */
  readonly listener: EventListener
  /** The text format of Prometheus, version 0.0.4. */
  render(): Promise<string>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const measureRequest = createRequestMeter(registry)
  const meters = createMeters(registry)
  const processMetrics = processRegistry()
  return {
    listener(event) {
      switch (event.kind) {
        case 'request.answered':
          return measureRequest(event)
        case 'request.failed':
          return meters.errors.inc({ code: event.code })
        case 'login.finished':
          return meters.logins.inc({ realm: event.realm, outcome: 'success' })
        case 'login.refused':
          return meters.logins.inc({ realm: event.realm, outcome: ERRORS[event.code].wire })
        case 'tokens.refreshed':
          return meters.refreshes.inc({ realm: event.realm, outcome: event.outcome })
        case 'session.ended':
          return meters.sessionsEnded.inc({ realm: event.realm, by: event.by })
        case 'realm.called':
          return meters.realmCalls.observe(
            { realm: event.realm, endpoint: event.endpoint, outcome: event.outcome },
            event.seconds,
          )
        case 'realm.breaker':
          return meters.breakers.set({ realm: event.realm }, BREAKER_STATES[event.state])
        case 'store.lost':
          return meters.storeLost.set(1)
        case 'store.found':
          return meters.storeLost.set(0)
        case 'store.called':
          return meters.storeCalls.observe({ operation: event.operation, outcome: event.outcome }, event.seconds)
      }
    },
    render: async () => `${await registry.metrics()}\n${await processMetrics.metrics()}`,
  }
}

function createMeters(registry: Registry) {
  const registers = [registry]
  return {
    errors: new Counter({
      name: 'doorman_errors_total',
      help: 'Requests that failed, by error code.',
      labelNames: ['code'],
      registers,
    }),
    logins: new Counter({
      name: 'doorman_logins_total',
      help: 'Logins by outcome: success, or the word of the error.',
      labelNames: ['realm', 'outcome'],
      registers,
    }),
    refreshes: new Counter({
      name: 'doorman_refreshes_total',
      help: 'Refreshes of tokens by outcome.',
      labelNames: ['realm', 'outcome'],
      registers,
    }),
    sessionsEnded: new Counter({
      name: 'doorman_sessions_ended_total',
      help: 'Sessions that ended, by who or what ended them.',
      labelNames: ['realm', 'by'],
      registers,
    }),
    realmCalls: new Histogram({
      name: 'doorman_realm_call_duration_seconds',
      help: 'Calls to the realm by endpoint and outcome.',
      labelNames: ['realm', 'endpoint', 'outcome'],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers,
    }),
    breakers: new Gauge({
      name: 'doorman_realm_breaker',
      help: 'Whether a realm in trouble is spared renewals: 0 no, 1 one at a time, 2 yes. Absent: never yet.',
      labelNames: ['realm'],
      registers,
    }),
    storeLost: new Gauge({
      name: 'doorman_store_lost',
      help: '1 while the session store, or its word about changes, is out of reach.',
      registers,
    }),
    storeCalls: new Histogram({
      name: 'doorman_store_call_duration_seconds',
      help: 'Calls to the session store by operation and outcome.',
      labelNames: ['operation', 'outcome'],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers,
    }),
  }
}

let sharedProcessRegistry: Registry | undefined

/** One for the process, however many gateways run in it: each set of these watches the event loop and the collector. */
function processRegistry(): Registry {
  if (sharedProcessRegistry === undefined) {
    sharedProcessRegistry = new Registry()
    collectDefaultMetrics({ register: sharedProcessRegistry })
  }
  return sharedProcessRegistry
}
