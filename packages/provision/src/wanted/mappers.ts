// Mappers that more than one part makes.
import type { WantedMapper } from './wanted.ts'

export function audienceMapperName(clientId: string): string {
  return `audience of ${clientId}`
}

/** Access tokens name the client in `aud`; ID tokens are for the client that asked for them alone. */
export function audienceMapper(clientId: string): WantedMapper {
  return {
    protocolMapper: 'oidc-audience-mapper',
    config: {
      'included.client.audience': clientId,
      'access.token.claim': 'true',
      'id.token.claim': 'false',
      'introspection.token.claim': 'true',
    },
  }
}

export function audienceMappers(clientIds: readonly string[]): Readonly<Record<string, WantedMapper>> {
  return Object.fromEntries(clientIds.map((clientId) => [audienceMapperName(clientId), audienceMapper(clientId)]))
}
