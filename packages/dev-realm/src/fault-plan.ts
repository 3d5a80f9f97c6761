// Keeps the faults that were asked for and hands each to the request it meets.
import type { AuthorizationFault, DecideFaults, Fault, FaultMoment, FaultPlan, Hold, RealmEndpoint } from './faults.ts'
import type { IdTokenFault } from './id-token.ts'

interface Gate extends Hold {
  readonly endpoint: RealmEndpoint
  readonly moment: FaultMoment
  pass(): Promise<void>
}

export function createFaultPlan(): FaultPlan {
  const queues = new Map<RealmEndpoint, Fault[]>()
  const standing = new Map<RealmEndpoint, Fault[]>()
  const deciders = new Map<RealmEndpoint, DecideFaults>()
  const gates = new Set<Gate>()
  const authorizationFaults: AuthorizationFault[] = []
  const idTokenFaults: IdTokenFault[] = []
  const tokenResponses: Array<Readonly<Record<string, unknown>>> = []

  const plan: FaultPlan = {
    expiresIn: null,
    acr: null,
    once: (endpoint, fault) => append(queues, endpoint, fault),
    every(endpoint, fault) {
      append(standing, endpoint, fault)
      return () => {
        standing.set(
          endpoint,
          (standing.get(endpoint) ?? []).filter((other) => other !== fault),
        )
      }
    },
    decide(endpoint, decider) {
      deciders.set(endpoint, decider)
      return () => void deciders.delete(endpoint)
    },
    hold(endpoint, moment = 'before') {
      const gate = createGate(endpoint, moment)
      gates.add(gate)
      return gate
    },
    holdToken: () => plan.hold('token'),
    authorization: (fault) => void authorizationFaults.push(fault),
    idToken: (fault) => void idTokenFaults.push(fault),
    tokenResponse: (changes) => void tokenResponses.push(changes),
    clear() {
      for (const gate of gates) gate.release()
      gates.clear()
      queues.clear()
      standing.clear()
      deciders.clear()
      for (const list of [authorizationFaults, idTokenFaults, tokenResponses]) list.length = 0
      plan.expiresIn = null
      plan.acr = null
    },
    takeFaults(endpoint, request) {
      const fault = queues.get(endpoint)?.shift() ?? standing.get(endpoint)?.at(-1)
      return fault === undefined ? (deciders.get(endpoint)?.(request) ?? []) : [fault]
    },
    async passGate(endpoint, moment) {
      const met = [...gates].filter((gate) => gate.endpoint === endpoint && gate.moment === moment)
      await Promise.all(met.map((gate) => gate.pass()))
    },
    takeAuthorizationFault(...wanted) {
      const [first] = authorizationFaults
      return first !== undefined && wanted.includes(first) ? authorizationFaults.shift() : undefined
    },
    takeIdTokenFault: () => idTokenFaults.shift(),
    takeTokenResponseChanges: () => tokenResponses.shift() ?? {},
  }
  return plan
}

function append(faults: Map<RealmEndpoint, Fault[]>, endpoint: RealmEndpoint, fault: Fault): void {
  faults.set(endpoint, [...(faults.get(endpoint) ?? []), fault])
}

function createGate(endpoint: RealmEndpoint, moment: FaultMoment): Gate {
  const opened = Promise.withResolvers<void>()
  const watchers: Array<{ readonly count: number; readonly resolve: () => void }> = []
  let isOpen = false
  let came = 0
  let waiting = 0
  return {
    endpoint,
    moment,
    waiting: () => waiting,
    arrived(count = 1) {
      if (came >= count) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      watchers.push({ count, resolve })
      return promise
    },
    release() {
      isOpen = true
      opened.resolve()
    },
    async pass() {
      if (isOpen) return
      came += 1
      waiting += 1
      for (const watcher of watchers) if (came >= watcher.count) watcher.resolve()
      await opened.promise
      waiting -= 1
    },
  }
}
