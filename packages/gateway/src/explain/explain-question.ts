// What can be asked about a request that nobody has sent.
import type { Principal } from '../policy/principal.ts'

export interface ExplainQuestion {
  readonly method: string
  /** As in a request line, still encoded; a query is left out. */
  readonly path: string
  readonly principal: Principal
  /** Those a client would send; lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Epoch seconds. */
  readonly now: number
}
