// A real Keycloak or the small one in memory, for suites that hold for both.
import { createKeycloakAdmin, type KeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { openAdminApi } from './admin-api.ts'

export interface SomeKeycloak {
  readonly url: string
  readonly admin: KeycloakAdmin
  issuer(realm: string): string
  stop(): Promise<void>
}

export async function openRealKeycloak(): Promise<SomeKeycloak> {
  return useKeycloak()
}

export async function openSmallKeycloak(): Promise<SomeKeycloak> {
  const api = await openAdminApi({ realms: ['master'] })
  return { url: api.url, admin: createKeycloakAdmin(api.url), issuer: api.issuer, stop: api.close }
}
