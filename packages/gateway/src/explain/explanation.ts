// What there is to say about one request: which route owns it, what every rule saw, and what would become of it. Data
// alone, as `doorman explain --json` prints it. Never holds a token.
import type { LimitConfig } from '../config/gateway-config.ts'
import type { ErrorCode } from '../kernel/errors.ts'
import type { RuleFinding } from '../policy/access-policy.ts'
import type { TenantDecision } from '../policy/tenant.ts'

export type RouteFinding =
  | {
      readonly kind: 'route'
      /** Its pattern. */
      readonly path: string
      /** Null for all. */
      readonly methods: readonly string[] | null
      readonly service: string
      /** What is asked for upstream, with its origin. */
      readonly upstream: string
    }
  | { readonly kind: 'endpoint'; readonly path: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'method-not-allowed'; readonly path: string; readonly allow: string }
  /** Others could read the path as one of a stricter route; null where no route owns it. */
  | { readonly kind: 'ambiguous'; readonly path: string | null }
  | { readonly kind: 'malformed'; readonly because: string }

export interface CallerFinding {
  readonly kind: 'anonymous' | 'session' | 'bearer'
  readonly realm: string | null
  readonly subject: string | null
}

export interface LimitFinding extends LimitConfig {
  readonly of: 'gateway' | 'route'
}

export interface CredentialFinding {
  readonly kind: 'internal' | 'accessToken' | 'exchange' | 'serviceAccount' | 'realm' | 'none'
  readonly audience: string | null
  readonly scopes: readonly string[]
  /** The realm whose token it is; null for ours and for none. */
  readonly realm: string | null
  /** Those of an internal token; null for tokens that the realm makes. */
  readonly claims: Readonly<Record<string, unknown>> | null
}

export interface HeadersFinding {
  /** What the service is told by the gateway. */
  readonly set: readonly (readonly [name: string, value: string])[]
  /** Names of headers of the request that go no further, or not as they came. */
  readonly removed: readonly string[]
}

export type Verdict =
  | { readonly kind: 'allow' }
  /** The gateway answers itself. */
  | { readonly kind: 'own' }
  | {
      readonly kind: 'deny'
      readonly code: ErrorCode
      readonly status: number
      /** The word the caller sees. */
      readonly wire: string
      readonly because: string
    }

export interface Explanation {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly route: RouteFinding
  readonly caller: CallerFinding
  readonly rules: readonly RuleFinding[]
  readonly tenant: TenantDecision
  readonly limits: readonly LimitFinding[]
  /** Null where nothing is forwarded. */
  readonly credential: CredentialFinding | null
  readonly headers: HeadersFinding | null
  readonly decision: Verdict
  /** What a reader might not expect. */
  readonly notes: readonly string[]
}
