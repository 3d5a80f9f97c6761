// A realm of the test's own in a real Keycloak, and service accounts in it with just the roles a test gives them.
import { randomUUID } from 'node:crypto'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { createRealmAdmin } from '../../src/keycloak/create-realm-admin.ts'
import type { AdminCredential, RealmAdmin, RealmAdminOptions } from '../../src/keycloak/realm-admin.ts'

type Representation = Readonly<Record<string, unknown>>

export type Account = AdminCredential & { readonly kind: 'secret' }

export interface TestRealm {
  readonly realm: string
  readonly url: string
  readonly issuer: string
  /** Paths below the realm, such as `clients`, as the administrator of the server. */
  get<Answer>(path: string): Promise<Answer>
  /** The id of what was made. */
  post(path: string, body: unknown): Promise<string>
  put(path: string, body: unknown): Promise<void>
  /** A client with a service account that has these roles of `realm-management`. */
  createAccount(roles: readonly string[], client?: Representation): Promise<Account>
  admin(credential: AdminCredential, parts?: Partial<RealmAdminOptions>): RealmAdmin
  /** The header of a call in the account's name, past all of our own code. */
  authorization(account: Account): Promise<{ readonly authorization: string }>
  close(): Promise<void>
}

export async function createTestRealm(): Promise<TestRealm> {
  const keycloak = await useKeycloak()
  const realm = `test-${randomUUID()}`
  await keycloak.admin.post('', { realm, enabled: true })
  const issuer = keycloak.issuer(realm)
  const path = (rest: string) => `${realm}/${rest}`

  async function giveRoles(clientUuid: string, names: readonly string[]): Promise<void> {
    const { id: userId } = await get<{ readonly id: string }>(`clients/${clientUuid}/service-account-user`)
    const [management] = await get<readonly { readonly id: string }[]>('clients?clientId=realm-management')
    const all = await get<readonly { readonly name: string }[]>(`clients/${management!.id}/roles`)
    const roles = all.filter(({ name }) => names.includes(name))
    if (roles.length !== names.length) throw new Error(`No such roles: ${names.join(', ')}`)
    await keycloak.admin.post(path(`users/${userId}/role-mappings/clients/${management!.id}`), roles)
  }

  function get<Answer>(rest: string): Promise<Answer> {
    return keycloak.admin.get<Answer>(path(rest))
  }

  return {
    realm,
    url: keycloak.url,
    issuer,
    get,
    post: (rest, body) => keycloak.admin.post<string>(path(rest), body),
    put: (rest, body) => keycloak.admin.put(path(rest), body),
    async createAccount(roles, client = {}) {
      const clientId = `account-${randomUUID()}`
      const secret = randomUUID()
      const account = { clientId, secret, serviceAccountsEnabled: true, standardFlowEnabled: false, ...client }
      await giveRoles(await keycloak.admin.post<string>(path('clients'), account), roles)
      return { kind: 'secret', clientId, secret }
    },
    admin: (credential, parts = {}) =>
      createRealmAdmin({
        issuer,
        adminUrl: keycloak.url,
        credential,
        concurrency: 8,
        timeoutSeconds: 30,
        onCall: () => undefined,
        ...parts,
      }),
    async authorization({ clientId, secret }) {
      const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret }
      const body = new URLSearchParams(form)
      const response = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body })
      const { access_token } = (await response.json()) as { readonly access_token: string }
      return { authorization: `Bearer ${access_token}` }
    },
    async close() {
      await keycloak.admin.delete(realm)
      await keycloak.stop()
    },
  }
}
