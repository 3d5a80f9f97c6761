// Whether the process lives, and whether it can do its work. Liveness depends on nothing outside: a realm or a store that
// is down must not get the process restarted.
import { buildJson, type Reply } from '../http/reply.ts'
import { isGatewayError } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import type { SessionStore } from '../session/session-store.ts'

export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'unready'; readonly because: string }

export interface ReadinessOptions {
  readonly realms: ReadonlyArray<{ readonly realm: string; readonly readiness: () => Readiness }>
  readonly store: Pick<SessionStore, 'ping'>
  /** True from the first signal to stop, so that no new traffic is sent here while the last answers leave. */
  readonly isStopping: () => boolean
}

/** Shorter than the second that orchestrators wait for a probe. */
const PING_MAX_SECONDS = 0.8

export function buildHealth(): Reply {
  return buildJson(200, { status: 'alive' })
}

/** 200 or 503, with every check and, where one fails, why: a code or a word of ours, never a foreign message. */
export async function checkReadiness(options: ReadinessOptions): Promise<Reply> {
  const checks: Record<string, Readiness> = { process: processReadiness(options.isStopping()) }
  for (const { realm, readiness } of options.realms) checks[`realm ${realm}`] = readiness()
  checks.store = await storeReadiness(options.store)
  const isReady = Object.values(checks).every((check) => check.kind === 'ready')
  return buildJson(isReady ? 200 : 503, { status: isReady ? 'ready' : 'unready', checks: describe(checks) })
}

function processReadiness(isStopping: boolean): Readiness {
  return isStopping ? { kind: 'unready', because: 'stopping' } : { kind: 'ready' }
}

async function storeReadiness(store: ReadinessOptions['store']): Promise<Readiness> {
  try {
    const ready = store.ping().then((): Readiness => ({ kind: 'ready' }))
    return (await within(ready, PING_MAX_SECONDS)) ?? { kind: 'unready', because: 'no answer in time' }
  } catch (error) {
    return { kind: 'unready', because: isGatewayError(error) ? error.code : 'ERR_INTERNAL' }
  }
}

function describe(checks: Readonly<Record<string, Readiness>>) {
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [
      name,
      check.kind === 'ready' ? { ready: true } : { ready: false, because: check.because },
    ]),
  )
}
