// Mappers that more than one part makes.
import type { WantedMapper } from './wanted.ts'

export function audienceMapperName(clientId: string): string {
  return `audience of ${clientId}`
}

/** Access tokens name the client in `aud`; ID tokens are for the client that asked for them alone. */
export function audienceMapper(clientId: string): WantedMapper {
  return {
    protocolMapper: 'oidc-audience-mapper',
    config: completeConfig({
      'included.client.audience': clientId,
      'access.token.claim': 'true',
      'id.token.claim': 'false',
    }),
  }
}

export function audienceMappers(clientIds: readonly string[]): Readonly<Record<string, WantedMapper>> {
  return Object.fromEntries(clientIds.map((clientId) => [audienceMapperName(clientId), audienceMapper(clientId)]))
}

/** As Keycloak stores it: where one place of a claim is said and the place that goes with it is not, it follows. */
export function completeConfig(config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'id.token.claim': idToken, 'access.token.claim': accessToken } = config
  return {
    ...(idToken === undefined ? {} : { 'userinfo.token.claim': idToken }),
    ...(accessToken === undefined ? {} : { 'introspection.token.claim': accessToken }),
    ...config,
  }
}
