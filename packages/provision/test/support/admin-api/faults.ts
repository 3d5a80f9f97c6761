// Which admin calls break, and how.

type Status = 429 | 500 | 503

/**
 * `unreached`: the connection breaks before the call is done. `lost`: it is done, and the connection breaks before the
 * answer. A number: that status, and nothing is done. `{ done }`: that status, though it is done.
 */
export type AdminFault = 'unreached' | 'lost' | Status | { readonly done: Status }

export interface Breakage {
  /** Whether the call is carried out all the same. */
  readonly isDone: boolean
  readonly answer: Status | 'cut'
}

export function createFaults() {
  let isBroken: (nth: number) => AdminFault | undefined = () => undefined
  let calls: string[] = []
  return {
    fail(nth: number, fault: AdminFault, reach: 'once' | 'onwards' = 'once'): void {
      calls = []
      isBroken = (number) => (number === nth || (reach === 'onwards' && number > nth) ? fault : undefined)
    },
    heal(): void {
      calls = []
      isBroken = () => undefined
    },
    calls: (): readonly string[] => calls,
    /** Counts the call. */
    next(method: string, path: string): Breakage | undefined {
      calls.push(`${method} ${path.replace(/^\/admin\/realms\/[^/?]+/, '').replace(/\?.*/, '')}`)
      const fault = isBroken(calls.length)
      return fault === undefined ? undefined : toBreakage(fault)
    },
  }
}

function toBreakage(fault: AdminFault): Breakage {
  if (fault === 'unreached') return { isDone: false, answer: 'cut' }
  if (fault === 'lost') return { isDone: true, answer: 'cut' }
  if (typeof fault === 'number') return { isDone: false, answer: fault }
  return { isDone: true, answer: fault.done }
}
