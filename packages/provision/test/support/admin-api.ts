// A small Keycloak for the daily tests: the admin interface and the token endpoint of realms in memory. What it answers was
// recorded from a real one (admin-answers.json), and both are held to the recording by test/admin-api.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { addClient } from './admin-api/add-client.ts'
import { type AdminFault, createFaults } from './admin-api/faults.ts'
import { createKeycloakInMemory } from './admin-api/keycloak-in-memory.ts'
import type { RealmState, Thing } from './admin-api/realm-state.ts'
import type { Reply } from './admin-api/reply.ts'

export type { AdminFault } from './admin-api/faults.ts'
export type { RealmState } from './admin-api/realm-state.ts'

export interface AdminApi {
  readonly url: string
  issuer(realm: string): string
  /** What is in it, to look at and to change behind everybody's back. Throws where it does not exist. */
  realm(name: string): RealmState
  /** All calls to the admin interface so far, such as `GET` of `/admin/realms/main/clients`. */
  readonly requests: readonly { readonly method: string; readonly path: string }[]
  /**
   * Breaks the admin call of that number, counted from 1 and from now on; with `onwards` all after it, too. Token
   * requests pass and are not counted.
   */
  fail(nth: number, fault: AdminFault, reach?: 'once' | 'onwards'): void
  /** No more faults. */
  heal(): void
  /** Admin calls since the last `fail` or `heal`, such as `PUT /clients/ID`, without the realm. */
  calls(): readonly string[]
  /** A confidential client with a service account that has these roles of `realm-management`. Its id. */
  addClient(realm: string, client: Thing & { readonly clientId: string }, roles?: readonly string[]): string
  close(): Promise<void>
}

export interface AdminApiOptions {
  /** Made at once; others by `POST /admin/realms`, as the administrator admin with the password admin. */
  readonly realms: readonly string[]
  /** False: a server without the feature client-secret-rotation. */
  readonly hasRotation?: boolean
}

export async function openAdminApi({ realms, hasRotation = true }: AdminApiOptions): Promise<AdminApi> {
  const requests: { method: string; path: string }[] = []
  const faults = createFaults()
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const keycloak = createKeycloakInMemory({ url, hasRotation })
  for (const name of realms) keycloak.createRealm(name)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    const call = { method, path, authorization: headers.authorization, body: (await buffer(request)).toString() }
    if (!path.startsWith('/admin/')) return send(response, keycloak.answer(call))
    requests.push({ method, path: path.replace(/\?.*/, '') })
    const fault = faults.next(method, path)
    if (fault === undefined) return send(response, keycloak.answer(call))
    if (fault.isDone) keycloak.answer(call)
    if (fault.answer === 'cut') response.destroy()
    else send(response, { status: fault.answer, headers: { 'content-type': 'text/plain' }, body: 'broken on purpose' })
  }

  return {
    url,
    issuer: (realm) => `${url}/realms/${realm}`,
    realm: keycloak.realm,
    requests,
    fail: faults.fail,
    heal: faults.heal,
    calls: faults.calls,
    addClient: (name, client, roles = []) => addClient(keycloak.realm(name), client, roles),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  response.writeHead(status, headers)
  if (body === undefined) response.end()
  else response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
