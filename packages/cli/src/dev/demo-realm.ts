// The realm of the demo: the embedded one, or a real Keycloak on this machine.
import { randomBytes } from 'node:crypto'
import { startDevRealm } from '@doorman/dev-realm'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import type { WalkPerson } from './walk.ts'

export interface RunningRealm {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly person: WalkPerson
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

const CLIENT_ID = 'web-gateway'

export async function openEmbeddedRealm({ publicUrl, pickPort }: DemoPlace): Promise<RunningRealm> {
  const clientSecret = randomBytes(32).toString('base64url')
  const realm = await startDevRealm({
    port: await pickPort(),
    clients: [
      {
        clientId: CLIENT_ID,
        secret: clientSecret,
        redirectUris: [`${publicUrl}/auth/callback`],
        postLogoutRedirectUris: [`${publicUrl}/auth/logged-out`],
      },
    ],
  })
  return {
    issuer: realm.issuer,
    clientId: CLIENT_ID,
    clientSecret,
    person: { username: 'alice', password: '' },
    administrator: { username: 'carol', password: '' },
    hint: 'alice, bob or carol (an administrator): click one',
    close: () => realm.close(),
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
    await setGatewayUrls(keycloak.admin, { realm: 'main', clientId: CLIENT_ID, gatewayUrl: publicUrl })
  } catch (error) {
    await keycloak.stop()
    throw error
  }
  return {
    issuer: keycloak.issuer('main'),
    clientId: CLIENT_ID,
    clientSecret: 'web-gateway-test-secret',
    person: { username: 'alice', password: 'alice-test-password' },
    administrator: { username: 'carol', password: 'carol-test-password' },
    hint: 'alice, bob or carol (an administrator); the password is NAME-test-password',
    close: () => keycloak.stop(),
  }
}
