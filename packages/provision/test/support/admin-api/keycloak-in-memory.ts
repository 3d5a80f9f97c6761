// Takes a call, finds who asks and what for, and answers. No socket.
import { ADMINISTRATOR, type Caller, createCaller } from './access.ts'
import { CLIENT_CALLS } from './client-calls.ts'
import { MAPPER_CALLS } from './mapper-calls.ts'
import { EXECUTORS, REALM_CALLS, SERVER_INFO } from './realm-calls.ts'
import { createRealmState, type RealmState, type Thing } from './realm-state.ts'
import { recorded } from './recorded.ts'
import { created, exists, forbidden, NO_CONTENT, notFound, ok, Refusal, type Reply } from './reply.ts'
import { ROLE_CALLS } from './role-calls.ts'
import { findRoute, type Routes } from './routes.ts'
import { SCOPE_CALLS } from './scope-calls.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

export interface KeycloakInMemory {
  createRealm(name: string): RealmState
  realm(name: string): RealmState
  answer(call: Call): Reply
}

const ROUTES: Routes = { ...CLIENT_CALLS, ...SCOPE_CALLS, ...MAPPER_CALLS, ...ROLE_CALLS, ...REALM_CALLS }

export function createKeycloakInMemory(options: {
  readonly url: string
  readonly hasRotation: boolean
}): KeycloakInMemory {
  const { url } = options
  const realms = new Map<string, RealmState>()
  const tokens = createTokenEndpoint((realm) => `${url}/realms/${realm}`)

  function createRealm(name: string): RealmState {
    const realm = createRealmState(name)
    realms.set(name, realm)
    return realm
  }
  createRealm('master')

  function callerOf(authorization: string | undefined): Caller & { readonly realm: string } {
    const holder = tokens.holder(authorization?.replace(/^Bearer /, '') ?? '')
    if (holder === undefined) throw new Refusal(401, { error: 'HTTP 401 Unauthorized' })
    const { realm: name, clientUuid } = holder
    if (clientUuid === undefined) return { ...ADMINISTRATOR, realm: name }
    const realm = realms.get(name)
    if (realm?.clients.has(clientUuid) !== true) throw new Refusal(401, { error: 'HTTP 401 Unauthorized' })
    return { ...createCaller(realm, clientUuid), realm: name }
  }

  function answerServer(call: Call, caller: ReturnType<typeof callerOf>): Reply {
    const what = `${call.method} ${pathOf(call)}`
    if (!caller.hasAnyRole) throw forbidden()
    if (what === 'GET /admin/serverinfo') return ok(serverInfo(options.hasRotation))
    if (what === 'GET /admin/realms') {
      const visible = [...realms.keys()].filter((name) => caller.isAdministrator || name === caller.realm)
      return ok(visible.map((realm) => ({ realm })))
    }
    if (what !== 'POST /admin/realms') throw notFound('HTTP 404 Not Found')
    if (!caller.isAdministrator) throw forbidden()
    const { realm, ...settings } = JSON.parse(call.body) as Thing & { readonly realm: string }
    if (realms.has(realm)) throw exists(`Realm ${realm} already exists`)
    const made = createRealm(realm)
    made.settings = { ...made.settings, ...settings }
    return created(`${url}/admin/realms/${realm}`)
  }

  function answerRealm(call: Call, name: string, rest: string): Reply {
    const caller = callerOf(call.authorization)
    const realm = realms.get(name)
    if (realm === undefined) throw notFound('Realm not found.')
    if (!caller.isAdministrator && caller.realm !== name) throw forbidden()
    if (call.method === 'DELETE' && rest === '') {
      if (!caller.isAdministrator) throw forbidden()
      realms.delete(name)
      return NO_CONTENT
    }
    if (rest === '' && !caller.hasAnyRole) throw forbidden()
    const route = findRoute(ROUTES, call.method, rest)
    if (route === undefined) throw notFound('HTTP 404 Not Found')
    const { searchParams: query } = new URL(call.path, url)
    const body = call.body === '' ? undefined : JSON.parse(call.body)
    return route.answer({ realm, caller, parts: route.parts, query, body, url: url + pathOf(call) })
  }

  function answerPublic(call: Call): Reply {
    const [, , name = '', ...rest] = pathOf(call).split('/')
    const realm = realms.get(name)
    if (realm === undefined) throw notFound('Realm does not exist')
    const what = `${call.method} ${rest.join('/')}`
    if (what === 'GET ') return ok({ realm: name, 'tokens-not-before': 0 })
    if (what === 'GET .well-known/openid-configuration') {
      return { ...ok(recorded('fresh realm', 'discovery', { url, realm: name })), headers: JSON_TYPE }
    }
    if (rest.join('/') !== 'protocol/openid-connect/token') throw notFound('HTTP 404 Not Found')
    if (call.method !== 'POST') throw new Refusal(405, { error: 'HTTP 405 Method Not Allowed' })
    return tokens.token(realm, { form: new URLSearchParams(call.body), authorization: call.authorization })
  }

  function answer(call: Call): Reply {
    const path = pathOf(call)
    if (path.startsWith('/realms/')) return answerPublic(call)
    const [, name, rest] = /^\/admin\/realms\/([^/]+)\/?(.*)$/.exec(path) ?? []
    if (name === undefined) return answerServer(call, callerOf(call.authorization))
    return answerRealm(call, decodeURIComponent(name), rest ?? '')
  }

  return {
    createRealm,
    realm(name) {
      const realm = realms.get(name)
      if (realm === undefined) throw new Error(`There is no realm ${name}`)
      return realm
    },
    answer(call) {
      try {
        return answer(call)
      } catch (error) {
        if (error instanceof Refusal) return error.reply
        throw error
      }
    },
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** Keycloak's client writes a slash after the names of collections. */
function pathOf({ path }: Call): string {
  return path.replace(/\?.*/, '').replace(/\/$/, '')
}

function serverInfo(hasRotation: boolean) {
  const { 'secret-rotation': _, ...withoutRotation } = EXECUTORS
  if (hasRotation) return SERVER_INFO
  const { providers } = SERVER_INFO
  return { providers: { ...providers, 'client-policy-executor': { providers: withoutRotation } } }
}
