// What the realm was asked, so that a test can count it. Never a token, code, secret, state, nonce or challenge.
import type { RealmEndpoint } from './faults.ts'

const TOLD_PARAMETERS = [
  'grant_type',
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'prompt',
  'max_age',
  'login_hint',
  'ui_locales',
  'acr_values',
  'kc_idp_hint',
  'kc_action',
  'code_challenge_method',
  'post_logout_redirect_uri',
  'user',
  'audience',
  'subject_token_type',
  'requested_token_type',
  'token_type_hint',
] as const

export type CallOutcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'answered'; readonly status: number }
  /** The connection was cut: by a fault, or by the caller. */
  | { readonly kind: 'cut' }

export interface RecordedCall {
  readonly endpoint: RealmEndpoint
  readonly method: string
  /** Epoch milliseconds. */
  readonly arrivedAt: number
  readonly grantType: string | null
  /** Parameters that hold no secret; the first value of each. */
  readonly parameters: Readonly<Record<string, string>>
  /** Names of all parameters, in the order they came. */
  readonly parameterNames: readonly string[]
  /** Null when it was not sent. A gateway must send none. */
  readonly origin: string | null
  outcome(): CallOutcome
  /** Resolves when the call is over. */
  finished(): Promise<CallOutcome>
}

export interface Calls {
  list(endpoint?: RealmEndpoint): readonly RecordedCall[]
  /** How many calls of this endpoint have come, of one grant type when it is named. */
  count(endpoint: RealmEndpoint, grantType?: string): number
  /** The next call that arrives from now on. */
  next(endpoint: RealmEndpoint): Promise<RecordedCall>
  /** Resolves when so many calls of this endpoint have arrived in all. */
  reached(endpoint: RealmEndpoint, count: number): Promise<void>
  clear(): void
}

export interface ArrivedCall {
  readonly endpoint: RealmEndpoint
  readonly method: string
  readonly parameters: URLSearchParams
  readonly origin: string | null
}

export interface CallRecorder extends Calls {
  /** Returns the function that tells how the call ended. */
  record(call: ArrivedCall): (outcome: CallOutcome) => void
}

const MAX_RECORDED_CALLS = 10_000

export function createCallRecorder(): CallRecorder {
  let calls: RecordedCall[] = []
  const watchers = new Set<(call: RecordedCall) => void>()

  function count(endpoint: RealmEndpoint, grantType?: string): number {
    const ofEndpoint = calls.filter((call) => call.endpoint === endpoint)
    return grantType === undefined
      ? ofEndpoint.length
      : ofEndpoint.filter((call) => call.grantType === grantType).length
  }

  /** Watches arriving calls until one satisfies the condition. */
  function watch(isWanted: (call: RecordedCall) => boolean): Promise<RecordedCall> {
    return new Promise((resolve) => {
      const watcher = (call: RecordedCall) => {
        if (!isWanted(call)) return
        watchers.delete(watcher)
        resolve(call)
      }
      watchers.add(watcher)
    })
  }

  return {
    list: (endpoint) => (endpoint === undefined ? [...calls] : calls.filter((call) => call.endpoint === endpoint)),
    count,
    next: (endpoint) => watch((call) => call.endpoint === endpoint),
    async reached(endpoint, wanted) {
      if (count(endpoint) < wanted) await watch(() => count(endpoint) >= wanted)
    },
    clear() {
      calls = []
    },
    record(arrived) {
      const { call, finish } = createRecordedCall(arrived)
      if (calls.length >= MAX_RECORDED_CALLS) calls = calls.slice(MAX_RECORDED_CALLS / 2)
      calls.push(call)
      for (const watcher of watchers) watcher(call)
      return finish
    },
  }
}

function createRecordedCall({ endpoint, method, parameters, origin }: ArrivedCall): {
  readonly call: RecordedCall
  readonly finish: (outcome: CallOutcome) => void
} {
  const over = Promise.withResolvers<CallOutcome>()
  let outcome: CallOutcome = { kind: 'pending' }
  const told = TOLD_PARAMETERS.flatMap((name) => {
    const value = parameters.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const call: RecordedCall = {
    endpoint,
    method,
    arrivedAt: Date.now(),
    grantType: parameters.get('grant_type'),
    parameters: Object.fromEntries(told),
    parameterNames: [...parameters.keys()],
    origin,
    outcome: () => outcome,
    finished: () => over.promise,
  }
  const finish = (ended: CallOutcome) => {
    if (outcome.kind === 'pending') outcome = ended
    over.resolve(outcome)
  }
  return { call, finish }
}
