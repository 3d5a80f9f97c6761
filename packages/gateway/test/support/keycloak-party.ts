// Relying parties of a real Keycloak without a gateway around them, and people's tokens for them.
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createRelyingParty, type RelyingPartyOptions } from '../../src/realm/create-relying-party.ts'
import type { ObtainResult, RelyingParty } from '../../src/realm/relying-party.ts'
import { createKeycloakClient, type KeycloakAnswer, passwordOf, WEB_GATEWAY } from './keycloak-client.ts'
import { changeRealm, clientPath, type Username } from './keycloak-realm.ts'
import { relyingPartyOptions } from './realm-harness.ts'
import { untilTold } from './until-told.ts'

export interface KeycloakParty extends RelyingParty {
  readonly told: readonly GatewayEvent[]
  warnings(): readonly string[]
  /** Looks after each event; fails after ten seconds. */
  until(condition: () => boolean): Promise<void>
}

/** Its secret is the one of the realm files unless `options` say otherwise. Nobody logs in to it. */
export function createKeycloakParty(
  keycloak: Keycloak,
  realm: string,
  clientId: string,
  options: Partial<RelyingPartyOptions> = {},
): KeycloakParty {
  const events = createEvents()
  const told: GatewayEvent[] = []
  events.subscribe((event) => told.push(event))
  const party = createRelyingParty({
    ...relyingPartyOptions(keycloak.issuer(realm)),
    realm,
    clientId,
    clientAuth: { kind: 'secret', secret: `${clientId}-test-secret` },
    isLoginRealm: false,
    scopes: [],
    timeoutSeconds: 10,
    events,
    clock: () => Date.now() / 1000,
    ...options,
  })
  const warnings = () => told.flatMap((event) => (event.kind === 'realm.warned' ? [event.warning] : []))
  return { ...party, told, warnings, until: (condition) => untilTold(events, condition) }
}

/** Lets `web-gateway` have people's tokens by their passwords; returns the function that puts it back. */
export async function allowPasswords(keycloak: Keycloak): Promise<() => Promise<void>> {
  return changeRealm(keycloak, await clientPath(keycloak, 'web-gateway'), { directAccessGrantsEnabled: true })
}

export interface PersonTokens {
  readonly accessToken: string
  /** The answer to a refresh. */
  refresh(): Promise<KeycloakAnswer['body']>
  /** Ends the realm's session. */
  logOut(): Promise<void>
}

/** After `allowPasswords`. */
export async function tokensOf(keycloak: Keycloak, username: Username): Promise<PersonTokens> {
  const client = createKeycloakClient(keycloak)
  const { body } = await client.ask({ ...passwordOf(username), scope: 'openid' }, WEB_GATEWAY)
  if (body.access_token === undefined || body.refresh_token === undefined) throw new Error(JSON.stringify(body))
  const { access_token: accessToken, refresh_token } = body
  const form = { ...WEB_GATEWAY, refresh_token }
  return {
    accessToken,
    refresh: async () => (await client.refresh(refresh_token, WEB_GATEWAY)).body,
    logOut: async () => void (await client.post(client.endpoint('logout'), form)),
  }
}

/** What a refusal says, with the blame before it; what else came is said by its kind. */
export function describeRefusal(result: ObtainResult): string {
  return result.kind === 'refused' ? `${result.blame}: ${result.because}` : result.kind
}
