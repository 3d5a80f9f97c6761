// Every call to the admin interface goes through here: bounded in number at a time, repeated where that is safe, counted.
import { NetworkError } from '@keycloak/keycloak-admin-client'
import type { AccessTokens } from './access-tokens.ts'
import { type Attempted, adminError } from './admin-errors.ts'
import type { AdminCall } from './realm-admin.ts'
import { type Pause, repeat } from './repeat.ts'

export interface Operation<Answer> extends AdminCall {
  /** The least role of `realm-management` for it. */
  readonly needs: string
  /** False: it is not repeated unless Keycloak has certainly done nothing. Default true. */
  readonly isRepeatable?: false
  /** It goes to something every realm has, so that only an unknown realm answers 404. */
  readonly isOfRealm?: true
  readonly send: () => Promise<Answer>
  /** What a repetition is answered that finds the work of the attempt before it done. */
  readonly done?: {
    readonly status: 404 | 409
    /** What the lost answer said; undefined: it is somebody else's work. */
    readonly look: () => Promise<{ readonly answer: Answer } | undefined>
  }
}

export interface Gate {
  call<Answer>(operation: Operation<Answer>): Promise<Answer>
  counts(): { readonly reads: number; readonly writes: number; readonly repeated: number }
}

export interface GateOptions {
  readonly realm: string
  readonly url: string
  readonly concurrency: number
  readonly onCall: (call: AdminCall) => void
  readonly tokens: AccessTokens
  readonly pause: Pause
}

export function createGate({ realm, url, concurrency, onCall, tokens, pause }: GateOptions): Gate {
  const counts = { reads: 0, writes: 0, repeated: 0 }
  const slots = createSlots(concurrency)
  const onRepeat = () => {
    counts.repeated += 1
  }

  async function attempt<Answer>(operation: Operation<Answer>, isRepetition: boolean): Promise<Answer> {
    const token = await tokens.get()
    try {
      return await sendOrFindDone(operation, isRepetition)
    } catch (error) {
      if (!isStatus(error, 401)) throw error
      // Keys rotate and sessions end before their time; whatever was asked has not been done.
      tokens.forget(token)
      onRepeat()
      return sendOrFindDone(operation, isRepetition)
    }
  }

  async function carryOut<Answer>(operation: Operation<Answer>): Promise<Answer> {
    const { kind, what, needs, isOfRealm = false } = operation
    counts[kind === 'read' ? 'reads' : 'writes'] += 1
    onCall({ kind, what })
    try {
      if (operation.isRepeatable === false) return await attempt(operation, false)
      return await repeat((isRepetition) => attempt(operation, isRepetition), { pause, onRepeat })
    } catch (error) {
      throw adminError(error, { what, needs, isOfRealm, realm, url } satisfies Attempted)
    }
  }

  return {
    call: (operation) => slots(() => carryOut(operation)),
    counts: () => ({ ...counts }),
  }
}

async function sendOrFindDone<Answer>({ send, done }: Operation<Answer>, isRepetition: boolean): Promise<Answer> {
  try {
    return await send()
  } catch (error) {
    if (!isRepetition || done === undefined || !isStatus(error, done.status)) throw error
    const found = await done.look()
    if (found === undefined) throw error
    return found.answer
  }
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof NetworkError && error.response.status === status
}

/** Runs so many at a time, first come, first served. */
function createSlots(size: number): <Answer>(work: () => Promise<Answer>) => Promise<Answer> {
  const waiting: (() => void)[] = []
  let free = size
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
