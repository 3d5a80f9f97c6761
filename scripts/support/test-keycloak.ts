// The one Keycloak of a test run. The runner starts it and shares it: each test file is a process of its own, and what
// only the owner of the server can do (killing it, starting it again) goes through a small control server.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createKeycloakAdmin, findKeycloakPort, type Keycloak, startKeycloak } from '@doorman/dev-realm/keycloak'
import { printProgress } from './print-progress.ts'

export interface SharedKeycloak {
  /** What test processes get in their environment. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function shareKeycloak(keycloak: Keycloak): Promise<SharedKeycloak> {
  const actions: Readonly<Record<string, () => Promise<void>>> = {
    '/kill': () => keycloak.kill(),
    '/restart': () => keycloak.restart(),
  }
  const server = createServer((request, response) => {
    const action = actions[request.url ?? '']
    if (action === undefined) {
      response.writeHead(404).end()
      return
    }
    action().then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    env: { DOORMAN_TEST_KEYCLOAK: keycloak.url, DOORMAN_TEST_KEYCLOAK_CONTROL: `http://127.0.0.1:${port}` },
    async close() {
      server.close()
      await keycloak.stop()
    },
  }
}

/**
 * The runner's Keycloak, or one of its own where a test file runs alone. Call `stop` when done: it ends only its own.
 * A test that changes a realm puts it back.
 */
export async function useKeycloak(): Promise<Keycloak> {
  const url = process.env.DOORMAN_TEST_KEYCLOAK
  const control = process.env.DOORMAN_TEST_KEYCLOAK_CONTROL
  if (url === undefined) return startKeycloak({ port: await findOwnPort(), onProgress: printProgress })
  return {
    url,
    admin: createKeycloakAdmin(url),
    issuer: (realm) => `${url}/realms/${realm}`,
    kill: () => askOwner(control, 'kill'),
    restart: () => askOwner(control, 'restart'),
    stop: async () => undefined,
  }
}

async function findOwnPort(): Promise<number> {
  const port = process.env.DOORMAN_TEST_KEYCLOAK_PORT
  return port === undefined ? findKeycloakPort() : Number(port)
}

async function askOwner(control: string | undefined, action: string): Promise<void> {
  if (control === undefined) throw new Error(`Nobody here can ${action} this Keycloak: run it through npm test`)
  const response = await fetch(`${control}/${action}`, { method: 'POST' })
  if (!response.ok) throw new Error(`Keycloak could not ${action}: ${await response.text()}`)
}
