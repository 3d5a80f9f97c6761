// The realms of the demo: the embedded pair, or a real Keycloak on this machine.
import { startDevRealmPair } from '@doorman/dev-realm'
import type { Keycloak } from '@doorman/dev-realm/keycloak'

export interface WalkPerson {
  readonly username: string
  readonly password: string
}

export interface RunningRealm {
  /** Where people log in. */
  readonly issuer: string
  /** The realm of the model server. */
  readonly modelsIssuer: string
  readonly person: WalkPerson
  /** Somebody with two tenants. */
  readonly personOfTwo: WalkPerson
  readonly administrator: WalkPerson
  /** Who can log in, for the person at the terminal. */
  readonly hint: string
  close(): Promise<void>
}

export interface DemoPlace {
  readonly publicUrl: string
  readonly print: (line: string) => void
  pickPort(): Promise<number>
}

/** Opens a realm in which the demo's gateway is a client. */
export type OpenRealm = (place: DemoPlace) => Promise<RunningRealm>

/** Clients of both realms have their id followed by this for a secret, the embedded ones and Keycloak's. */
export const SECRET_SUFFIX = '-test-secret'

/** A script that calls the gateway under a name of its own. */
export const SCRIPT_CLIENT = { clientId: 'demo-script', secret: `demo-script${SECRET_SUFFIX}` }

export async function openEmbeddedRealm({ publicUrl, pickPort }: DemoPlace): Promise<RunningRealm> {
  const realms = await startDevRealmPair({
    port: await pickPort(),
    modelsPort: await pickPort(),
    redirectUris: [`${publicUrl}/auth/callback`],
    postLogoutRedirectUris: [`${publicUrl}/auth/logged-out`],
    backchannelLogoutUri: `${publicUrl}/auth/backchannel-logout`,
    clients: [
      {
        ...SCRIPT_CLIENT,
        redirectUris: [],
        audiences: ['web-gateway'],
        serviceAccount: { realmRoles: [], clientRoles: {} },
      },
    ],
  })
  return {
    issuer: realms.main.issuer,
    modelsIssuer: realms.models.issuer,
    person: { username: 'alice', password: '' },
    personOfTwo: { username: 'bob', password: '' },
    administrator: { username: 'carol', password: '' },
    hint: 'alice, bob (two tenants) or carol (an administrator): click one',
    close: () => realms.close(),
  }
}

export async function openRealKeycloak(place: DemoPlace): Promise<RunningRealm> {
  const { findKeycloakPort, startKeycloak } = await import('@doorman/dev-realm/keycloak')
  const keycloak = await startKeycloak({
    port: await findKeycloakPort(),
    onProgress: (progress) => {
      const seconds = progress.kind === 'finished' ? ` (${progress.seconds.toFixed(0)} s)` : ' …'
      place.print(`keycloak: ${progress.step}${seconds}`)
    },
  })
  return openOnKeycloak(keycloak, place)
}

/** Tells the Keycloak where the gateway is; `close` stops it. */
export async function openOnKeycloak(keycloak: Keycloak, { publicUrl }: DemoPlace): Promise<RunningRealm> {
  const { setGatewayUrls } = await import('@doorman/dev-realm/keycloak')
  try {
    await setGatewayUrls(keycloak.admin, { realm: 'main', clientId: 'web-gateway', gatewayUrl: publicUrl })
    await addScriptClient(keycloak)
  } catch (error) {
    await keycloak.stop()
    throw error
  }
  const person = (username: string) => ({ username, password: `${username}-test-password` })
  return {
    issuer: keycloak.issuer('main'),
    modelsIssuer: keycloak.issuer('models'),
    person: person('alice'),
    personOfTwo: person('bob'),
    administrator: person('carol'),
    hint: 'alice, bob (two tenants) or carol (an administrator); the password is NAME-test-password',
    close: () => keycloak.stop(),
  }
}

async function addScriptClient({ admin }: Keycloak): Promise<void> {
  const { clientId, secret } = SCRIPT_CLIENT
  const query = new URLSearchParams({ clientId })
  if ((await admin.get<readonly unknown[]>(`main/clients?${query}`)).length > 0) return
  await admin.post('main/clients', {
    clientId,
    secret,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    defaultClientScopes: ['basic', 'roles', 'service_account', 'gateway-audience'],
  })
}
