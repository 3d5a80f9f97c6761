// The realms whose people this one knows, and their keys, fetched when they are needed.
import { compactVerify, createRemoteJWKSet, decodeJwt, type JWTPayload } from 'jose'
import type { DevIdentityProvider } from './options.ts'

export interface IdentityProviders {
  findByIssuer(issuer: string): DevIdentityProvider | undefined
  findByAlias(alias: string): DevIdentityProvider | undefined
  /** The claims of a token that the provider has signed; null otherwise, also when its keys cannot be had. */
  verify(provider: DevIdentityProvider, token: string): Promise<JWTPayload | null>
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const FETCH_MILLISECONDS = 5000

export function createIdentityProviders(providers: readonly DevIdentityProvider[]): IdentityProviders {
  const keySets = new Map(
    providers.map(({ alias, jwksUrl }) => {
      const options = { cooldownDuration: 0, timeoutDuration: FETCH_MILLISECONDS }
      return [alias, createRemoteJWKSet(new URL(jwksUrl), options)] as const
    }),
  )
  return {
    findByIssuer: (issuer) => providers.find((provider) => provider.issuer === issuer),
    findByAlias: (alias) => providers.find((provider) => provider.alias === alias),
    async verify({ alias }, token) {
      const findKey = keySets.get(alias)
      if (findKey === undefined) return null
      try {
        await compactVerify(token, findKey, { algorithms: ALGORITHMS })
        return decodeJwt(token)
      } catch {
        return null
      }
    },
  }
}
