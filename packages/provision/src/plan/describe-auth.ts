// How a client proves who it is, in the words of the file.
import type { ObservedClient } from '../keycloak/observed.ts'
import type { Json } from '../wanted/wanted.ts'

/** Undefined: by a secret, or not at all; or in a way that the file has no word for. */
export function describeAuth({ settings, attributes }: ObservedClient): Json | undefined {
  const jwksUrl = attributes['use.jwks.url'] === 'true' ? attributes['jwks.url'] : undefined
  if (settings.clientAuthenticatorType === 'client-jwt' && jwksUrl) return { privateKey: { jwksUrl } }
  const { 'jwt.credential.issuer': identityProvider, 'jwt.credential.sub': subject } = attributes
  if (settings.clientAuthenticatorType !== 'federated-jwt' || !identityProvider || !subject) return undefined
  return { kubernetes: { identityProvider, subject } }
}
