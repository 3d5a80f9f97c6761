// The gateway without a listener: inside the server of an application, which hands it web requests.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { GatewayOptions } from './gateway.ts'

export type { GatewayConfig } from './config/gateway-config.ts'
export { type ConfigReading, parseConfig, readConfig } from './config/load.ts'
export { formatProblem } from './config/problems.ts'
export { ERRORS, type ErrorCode, GatewayError, isGatewayError } from './kernel/errors.ts'

export type EmbeddedOptions = Pick<GatewayOptions, 'logLevel' | 'logDestination' | 'onRefused' | 'clock'>

/** Requests below `base` that go to a service of the configuration, on conditions as those of a route. */
export interface EmbeddedRoute {
  /** As in `services`. */
  readonly service: string
  /** Encoded and canonical, such as `/api/agent`: what stands before the `*` of a route. */
  readonly base: string
  /** As `routes[].rewrite`; null leaves the path as it came. */
  readonly rewrite: string | null
  /** As `routes[].require`, in the form of the file. */
  readonly require: unknown
}

/** Who is logged in, for an application's own code. Never a token. */
export interface EmbeddedSession {
  /** `sub` at the realm. */
  readonly id: string
  /** The session's public handle; it opens nothing. */
  readonly handle: string
  readonly name: string | null
  readonly email: string | null
  readonly roles: readonly string[]
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** The one that counts without being named. */
  readonly tenant: string | null
  readonly tenants: readonly string[]
  /** Those of `user.claims`. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Epoch seconds; when it ends if nothing more happens. */
  readonly expiresAt: number
}

export type EmbeddedLookup =
  | { readonly kind: 'active'; readonly session: EmbeddedSession }
  /** `lost`: a silent login brings it back. */
  | { readonly kind: 'none' | 'lost' }

export type EmbeddedCredential =
  /** `authorization`: null where the service is sent none. */
  | { readonly kind: 'obtained'; readonly authorization: string | null }
  /** An answer as the gateway gives it. */
  | { readonly kind: 'refused'; readonly response: Response }

export interface EmbeddedGateway {
  readonly config: GatewayConfig
  /** Answers as the front door does: its own endpoints, and the routes of the configuration. Never rejects. */
  handle(request: Request): Promise<Response>
  /**
   * Makes what sends requests to a service, with its credential, through everything a route goes through. It never
   * rejects; a path outside `base` is answered 404.
   *
   * Throws `ERR_CONFIG_INVALID` for what could not stand in the file: an unknown service, a rule that is none.
   */
  createRoute(route: EmbeddedRoute): (request: Request) => Promise<Response>
  /** Whose cookie this is. Counts as a use of the session. Rejects with `ERR_STORE_UNAVAILABLE`. */
  findSession(headers: Headers): Promise<EmbeddedLookup>
  /**
   * What a service of the configuration is sent on behalf of whose cookie this is. Rejects with a `TypeError` for a
   * service that the configuration does not have; everything else is an answer.
   */
  obtainCredential(headers: Headers, service: string): Promise<EmbeddedCredential>
  /** Lets what is in flight finish, and closes the store. */
  close(): Promise<void>
}

/** Rejects with `ERR_STORE_REFUSED` or `ERR_STORE_UNAVAILABLE`. */
export async function openEmbedded(_config: GatewayConfig, _options: EmbeddedOptions = {}): Promise<EmbeddedGateway> {
  throw new TypeError('not built yet')
}
