// The gateway inside: the application hands it requests, and asks it whose cookie came with them.
import type { EmbeddedGateway, EmbeddedRoute } from '@doorman/gateway/embedded'
import { doormanError } from '../errors.ts'
import type { EmbeddedOptions } from '../options.ts'
import type { ForwardApi, Position } from '../position.ts'
import type { ApiProxyOptions } from '../requirement.ts'
import { readServicePath } from '../service-path.ts'
import { buildSession, type DoormanSession } from '../session.ts'
import { unpack } from '../unpack.ts'
import { LOGIN_PATH, LOGOUT_PATH } from '../urls.ts'
import { shareGateway } from './shared-gateway.ts'

/** Where what the application itself sends to services passes. No request of a browser comes here. */
const OWN_CALLS = '/doorman-calls'
const MAX_ROUTES = 100

type Route = (request: Request) => Promise<Response>

export function createEmbedded(options: EmbeddedOptions): Position {
  const open = () => openGateway(options)
  const routes = createRoutes()

  return {
    publicUrl: async () => (await open()).config.publicUrl,
    carriesSession: async (headers) => (await open()).carriesSession(headers),
    isForged: async (request) => (await open()).isForged(request),
    handle: async (request) => (await open()).handle(request),
    findSession: async (headers) => findSession(await open(), headers),
    async obtainToken(headers, service) {
      const answer = await (await open()).obtainCredential(headers, service)
      if (answer.kind === 'refused') return answer
      return { kind: 'obtained', token: answer.authorization?.replace(/^bearer /i, '') ?? null }
    },
    async callService(headers, service, path, init) {
      const asked = readServicePath(path)
      const gateway = await open()
      const send = routes(gateway, { service, rewrite: '/*' }, OWN_CALLS)
      const call = buildCall(gateway.config.publicUrl + OWN_CALLS + asked, headers, init)
      const answer = unpack(await send(call))
      call.signal.throwIfAborted()
      return answer
    },
    createApi(api): ForwardApi {
      return async (request, base) => routes(await open(), api, base)(request)
    },
  }
}

/** Rejects with a `DoormanError` of 503 while the store is out of reach. */
async function openGateway(options: EmbeddedOptions): Promise<EmbeddedGateway> {
  const gateway = await shareGateway(options).catch(unavailable)
  const { login, logout } = gateway.config.endpoints
  if (login === LOGIN_PATH && logout === LOGOUT_PATH) return gateway
  throw new TypeError(
    `endpoints.login and endpoints.logout stay at ${LOGIN_PATH} and ${LOGOUT_PATH} inside an application; ` +
      'leave them out, or add endpoints.aliases',
  )
}

async function findSession(gateway: EmbeddedGateway, headers: Headers): Promise<DoormanSession | null> {
  const found = await gateway.findSession(headers).catch(unavailable)
  if (found.kind !== 'active') return null
  const { handle, ...person } = found.session
  return buildSession({ ...person, sessionId: handle })
}

/** By its code and not by its class, which a bundler may have twice. */
function unavailable(error: unknown): never {
  const isStore = error instanceof Error && 'code' in error && error.code === 'ERR_STORE_UNAVAILABLE'
  throw isStore ? doormanError('temporarily_unavailable', error) : error
}

/** Made once for each service, rule and place; places with parameters in them are many, and the oldest go. */
function createRoutes() {
  const routes = new Map<string, Route>()
  let owner: EmbeddedGateway | undefined
  return (gateway: EmbeddedGateway, { service, require, rewrite }: ApiProxyOptions, base: string): Route => {
    if (owner !== gateway) routes.clear()
    owner = gateway
    const key = JSON.stringify([service, require, rewrite, base])
    const written = { service, base, rewrite: rewrite ?? null, require: { login: true, ...require } }
    const route = routes.get(key) ?? createRoute(gateway, written)
    routes.delete(key)
    routes.set(key, route)
    const oldest = routes.size > MAX_ROUTES ? routes.keys().next().value : undefined
    if (oldest !== undefined) routes.delete(oldest)
    return route
  }
}

/** Throws a `TypeError` that lists what could not stand in the configuration. */
function createRoute(gateway: EmbeddedGateway, route: EmbeddedRoute): Route {
  if (!Object.hasOwn(gateway.config.services, route.service)) {
    throw new TypeError(`createDoorman: services has no ${route.service}; add it to the configuration`)
  }
  try {
    return gateway.createRoute(route)
  } catch (error) {
    const { problems } = Object(Object(error).detail)
    if (typeof problems !== 'string') throw error
    throw new TypeError(`service ${route.service} below ${route.base}: ${problems}`, { cause: error })
  }
}

/** A request of the application's own code on behalf of whose request it answers. */
function buildCall(url: string, incoming: Headers, init: RequestInit): Request {
  const request = new Request(url, { ...init, redirect: 'manual' })
  for (const name of ['cookie', 'x-forwarded-for', 'user-agent']) {
    const value = incoming.get(name)
    if (value !== null) request.headers.set(name, value)
  }
  const tenant = request.headers.get('x-tenant') ?? incoming.get('x-tenant')
  if (tenant !== null) request.headers.set('x-tenant', tenant)
  request.headers.set('host', new URL(url).host)
  request.headers.set('x-doorman', '1')
  return request
}
