// The gateway without a listener: inside the server of an application, which hands it web requests.
import { describePerson, lookUpUser } from './account/user.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { parseRoute } from './config/parse-route.ts'
import { type Closing, connectParts, type GatewayOptions, HTTP_LIMITS, openAll } from './connected-parts.ts'
import { obtainCredential } from './embedded-credential.ts'
import { buildOriginRules } from './forgery-guard.ts'
import type { FrontDoor } from './front-door.ts'
import { readCookie } from './http/cookies.ts'
import { type GatewayRequest, header } from './http/request.ts'
import { createEvents } from './kernel/events.ts'
import type { Parts } from './parts.ts'
import { judgeOrigin } from './policy/csrf.ts'
import { answerWeb, toWebResponse, UNREAD, type WebDoor } from './web/answer-web.ts'
import { createMemoryServer } from './web/memory-server.ts'

export type { GatewayConfig } from './config/gateway-config.ts'
export { type ConfigReading, parseConfig, readConfig } from './config/load.ts'
export { formatProblem } from './config/problems.ts'
export { ERRORS, type ErrorCode, GatewayError, isGatewayError } from './kernel/errors.ts'

/** An answer that its reader has forgotten. */
const UNREAD_SECONDS = 300

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
  /** True when there is a session cookie: whose, and whether it lives, is not asked. */
  carriesSession(headers: Headers): boolean
  /** True for what the front door refuses on a session's routes: the page of somebody else has sent it. */
  isForged(request: Pick<Request, 'method' | 'headers'>): boolean
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

/**
 * Opens a gateway that listens nowhere. A realm that is down does not keep it from opening.
 *
 * Rejects with `ERR_CONFIG_INVALID`, `ERR_STORE_REFUSED` or `ERR_STORE_UNAVAILABLE`.
 */
export function openEmbedded(config: GatewayConfig, options: EmbeddedOptions = {}): Promise<EmbeddedGateway> {
  return openAll((closing) => connect(config, options, closing))
}

async function connect(config: GatewayConfig, options: EmbeddedOptions, closing: Closing): Promise<EmbeddedGateway> {
  const events = createEvents()
  const { parts, start } = await connectParts(config, { ...options, events }, closing)
  const server = createMemoryServer(HTTP_LIMITS)
  await start()
  closing.add(async () => {
    const closed = server.close()
    // Nothing new comes in: now what would stay open is told to go.
    parts.door.endStreams()
    await closed
  })
  const { doors, credentials } = parts
  const originRules = buildOriginRules(config)
  const unreadSeconds = unreadSecondsOf(config)
  const failed: WebDoor['failed'] = (code, cause) =>
    events.emit({ kind: 'request.failed', requestId: UNREAD, code, detail: {}, cause })
  const knockAt = ({ handle }: FrontDoor) => {
    const door: WebDoor = {
      server,
      failed,
      unreadSeconds,
      handler: (message, response) => handle(message, response, null),
    }
    return (request: Request) => answerWeb(request, door)
  }
  return {
    config,
    handle: knockAt(parts.door),
    createRoute: (route) => knockAt(parts.openDoor([parseRoute(writtenRoute(route), config)])),
    carriesSession: (headers) => carriesSession(readHeaders(headers), parts),
    isForged({ method, headers }) {
      return judgeOrigin({ method, ...readHeaders(headers) }, originRules).kind === 'refused'
    },
    findSession: (headers) => findSession(readHeaders(headers), parts),
    async obtainCredential(headers, service) {
      const answer = await obtainCredential(readHeaders(headers), service, { config, events, doors, credentials })
      return answer.kind === 'obtained' ? answer : { kind: 'refused', response: toWebResponse(answer.reply) }
    },
    close: closing.closeAll,
  }
}

/** Services have limits of their own; this one stands behind all of them, and for the gateway's own answers. */
function unreadSecondsOf({ services }: GatewayConfig): number {
  return Math.max(UNREAD_SECONDS, ...Object.values(services).map(({ timeouts }) => timeouts.idleBodySeconds))
}

/** As it would stand in the file. A navigation is the application's to send to log in. */
function writtenRoute({ service, base, rewrite, require }: EmbeddedRoute) {
  const path = base === '/' ? '/*' : `${base}/*`
  return { path, service, require, page: false, ...(rewrite === null ? {} : { rewrite }) }
}

function carriesSession(request: Pick<GatewayRequest, 'headers'>, { doors }: Parts): boolean {
  const { sessionName } = doors.ofRequest(request).cookies
  return readCookie(header(request, 'cookie'), sessionName) !== undefined
}

async function findSession(request: Pick<GatewayRequest, 'headers'>, { doors }: Parts): Promise<EmbeddedLookup> {
  const { user } = doors.ofRequest(request)
  const found = await lookUpUser(request, true, user)
  if (found.kind !== 'active') return found.kind === 'lost' ? { kind: 'lost' } : { kind: 'none' }
  const { name, email, ...person } = describePerson(found.live, user)
  return {
    kind: 'active',
    session: { ...person, handle: found.live.session.handle, name: textOf(name), email: textOf(email) },
  }
}

function textOf(claim: unknown): string | null {
  return typeof claim === 'string' ? claim : null
}

function readHeaders(headers: Headers): Pick<GatewayRequest, 'headers'> {
  return { headers: Object.fromEntries(headers) }
}
