// The service account that plans and applies, as a wanted client of its realm: exactly the roles that a file needs.
import type { WantedClient, WantedRealm } from '../wanted/wanted.ts'

/** Of its own: under the owner of a file, `--prune` would delete the account it runs as. */
export const BOOTSTRAP_OWNER = 'doorman bootstrap'

export const REALM_MANAGEMENT = 'realm-management'

/** What the account is for: `plan` may look and change nothing. */
export type ProvisionerUse = 'apply' | 'plan'

const PLAN_ROLES = ['view-clients', 'view-realm', 'view-users', 'view-identity-providers']

/** Roles of the client `realm-management`. Those that write see what they write. */
export function neededRoles(wanted: WantedRealm, use: ProvisionerUse): readonly string[] {
  if (use === 'plan') return PLAN_ROLES
  const accounts = wanted.clients.flatMap(({ serviceAccount }) => serviceAccount ?? [])
  const writesRealm = wanted.roles.length > 0 || wanted.rotation !== null
  const writesProviders = wanted.identityProviders.length > 0
  const givesRealmRoles = accounts.some(({ realmRoles }) => realmRoles.length > 0)
  // Keycloak shows realm roles to whoever manages identity providers, too.
  const seesRealmRoles = writesRealm || writesProviders
  return [
    'manage-clients',
    ...(writesRealm ? ['manage-realm'] : []),
    ...(givesRealmRoles && !seesRealmRoles ? ['view-realm'] : []),
    ...(accounts.length > 0 ? ['manage-users'] : []),
    ...(writesProviders ? ['manage-identity-providers'] : []),
  ]
}

/** A realm of which nothing is wanted but the account. */
export function wantProvisioner(wanted: WantedRealm, clientId: string, use: ProvisionerUse): WantedRealm {
  return {
    ...wanted,
    clients: [buildProvisioner(clientId, neededRoles(wanted, use))],
    scopes: [],
    roles: [],
    identityProviders: [],
    rotation: null,
  }
}

function buildProvisioner(clientId: string, roles: readonly string[]): WantedClient {
  return {
    because: 'bootstrap',
    clientId,
    adopt: false,
    settings: {
      name: 'Doorman provisioner',
      description: 'Plans and applies doorman.yaml; guard its secret like that of an administrator of this realm',
      enabled: true,
      publicClient: false,
      clientAuthenticatorType: 'client-secret',
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      redirectUris: [],
      webOrigins: [],
    },
    attributes: {},
    mappers: {},
    defaultScopes: null,
    optionalScopes: null,
    roles: [],
    serviceAccount: { realmRoles: [], clientRoles: { [REALM_MANAGEMENT]: roles } },
    hasSecret: true,
    deliver: [],
    rotateSeconds: null,
  }
}
