// What tests change in a real realm, and how it is put back.
import { setTimeout as delay } from 'node:timers/promises'
import type { Keycloak } from '@doorman/dev-realm/keycloak'

export type Username = 'alice' | 'bob' | 'carol'

const USER_IDS: Readonly<Record<Username, string>> = {
  alice: '00000000-0000-4000-8000-000000000001',
  bob: '00000000-0000-4000-8000-000000000002',
  carol: '00000000-0000-4000-8000-000000000003',
}

export const userPath = (username: Username) => `main/users/${USER_IDS[username]}`

export interface Representation {
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

function withAttributes(before: Representation, changes: Representation): Representation {
  const { attributes } = changes
  return attributes === undefined ? changes : { ...changes, attributes: { ...before.attributes, ...attributes } }
}

/** Replaces fields of the realm or of something in it; returns the function that puts back what was there. */
export async function changeRealm(
  keycloak: Keycloak,
  path: string,
  changes: Representation,
): Promise<() => Promise<void>> {
  const before = await keycloak.admin.get<Representation>(path)
  await keycloak.admin.merge(path, withAttributes(before, changes))
  return () => replace(keycloak, path, before)
}

/** Keycloak's PUT keeps attributes it does not find, and drops empty ones. */
async function replace(keycloak: Keycloak, path: string, before: Representation): Promise<void> {
  const { attributes } = await keycloak.admin.get<Representation>(path)
  const emptied = Object.fromEntries(Object.keys(attributes ?? {}).map((name) => [name, '']))
  const restored = attributes === undefined ? {} : { attributes: { ...emptied, ...before.attributes } }
  await keycloak.admin.put(path, { ...before, ...restored })
}

/** The client's path for the admin interface. */
export async function clientPath(keycloak: Keycloak, clientId: string, realm = 'main'): Promise<string> {
  const query = new URLSearchParams({ clientId })
  const [client] = await keycloak.admin.get<readonly { readonly id: string }[]>(`${realm}/clients?${query}`)
  if (client === undefined) throw new Error(`no client ${clientId}`)
  return `${realm}/clients/${client.id}`
}

/** Adds a client; returns the function that deletes it. */
export async function addClient(
  keycloak: Keycloak,
  realm: string,
  client: Representation,
): Promise<() => Promise<void>> {
  const id = await keycloak.admin.post<string>(`${realm}/clients`, client)
  return () => keycloak.admin.delete(`${realm}/clients/${id}`)
}

/** Adds a realm role and gives it to somebody; returns the function that deletes it. */
export async function addRole({ admin }: Keycloak, username: Username, name: string): Promise<() => Promise<void>> {
  await admin.post('main/roles', { name })
  const role = await admin.get(`main/roles/${name}`)
  await admin.post(`${userPath(username)}/role-mappings/realm`, [role])
  return () => admin.delete(`main/roles/${name}`)
}

/** Adds a key that signs from now on; returns the function that deletes it, once. */
export async function addSigningKey({ admin }: Keycloak): Promise<() => Promise<void>> {
  const { id: parentId } = await admin.get<{ readonly id: string }>('main')
  const id = await admin.post<string>('main/components', {
    name: 'newer key',
    parentId,
    providerId: 'rsa-generated',
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: ['200'], keySize: ['2048'], algorithm: ['RS256'] },
  })
  let isThere = true
  return async () => {
    if (isThere) await admin.delete(`main/components/${id}`)
    isThere = false
  }
}

/** Keycloak counts in whole seconds: what is to be later for it must happen in a later one. The one wait there is. */
export async function nextSecond(): Promise<void> {
  await delay(1100)
}
