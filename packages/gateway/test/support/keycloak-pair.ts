// The stage of a real Keycloak with both of its realms, a service for every kind of credential, and guards.
import type { TestContext } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { createGuard, type Guard, type GuardOptions } from '@doorman/resource-server'
import { addClient, clientPath, type Representation } from './keycloak-realm.ts'
import { type KeycloakStage, type KeycloakStageOptions, setKeycloakStage } from './keycloak-stage.ts'
import { SECOND_REALMS, SERVICE_ROUTES, SERVICES } from './pair-stage.ts'

export interface KeycloakPair extends KeycloakStage {
  /** A service's guard, which takes the tokens of the gateway and of a realm (default `main`). */
  guard(audience: string, realm?: 'main' | 'models', options?: Partial<GuardOptions>): Guard
}

const LLM_AUDIENCE = {
  name: 'llm',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'llm', 'access.token.claim': 'true' },
}

/** A client of the realm `models` that nobody logs in to. */
function modelsClient(clientId: string, more: Representation): Representation {
  const protocolMappers = [LLM_AUDIENCE]
  return { clientId, secret: `${clientId}-test-secret`, standardFlowEnabled: false, protocolMappers, ...more }
}

const ROBOT = modelsClient('model-robot', { serviceAccountsEnabled: true })
const GRANTEE = modelsClient('model-grantee', {
  attributes: { 'oauth2.jwt.authorization.grant.enabled': 'true', 'oauth2.jwt.authorization.grant.idp': 'main' },
})

/** Realms, services and routes of `pair-stage.ts`; `options` come on top. */
export async function setKeycloakPair(
  t: TestContext,
  keycloak: Keycloak,
  options: KeycloakStageOptions = {},
): Promise<KeycloakPair> {
  const stage = await setKeycloakStage(t, keycloak, {
    ...options,
    realms: options.realms ?? SECOND_REALMS,
    services: SERVICES + (options.services ?? ''),
    routes: SERVICE_ROUTES + (options.routes ?? ''),
    config: `internalTokens: { algorithm: ES256 }\n${options.config ?? ''}`,
    async prepare(publicUrl, realm) {
      for (const client of [ROBOT, GRANTEE]) realm.putBackLater(await addClient(keycloak, 'models', client))
      const redirectUris = [`${publicUrl}/auth/callback/models`]
      await realm.change(await clientPath(keycloak, 'model-gateway', 'models'), { redirectUris })
      await options.prepare?.(publicUrl, realm)
    },
  })
  return {
    ...stage,
    guard: (audience, realm = 'main', more) =>
      createGuard({
        gateway: stage.publicUrl,
        issuer: keycloak.issuer(realm),
        audience,
        // The gateways' clock may be minutes ahead of the realm's.
        clockToleranceSeconds: 300,
        now: stage.clock.now,
        ...more,
      }),
  }
}
