// What Keycloak says of a client, as values to deliver. Its two texts that look like secrets and are none stop here.
import { ProvisionError } from '../errors.ts'
import { observeSecret } from '../keycloak/masked.ts'
import { readNames } from '../keycloak/observe-client.ts'
import type { Representation } from '../keycloak/realm-admin.ts'
import type { WantedClient } from '../wanted/wanted.ts'
import { buildSecretValues, type SecretValues } from './values.ts'

export interface Whereabouts {
  readonly issuer: string
  /** Where consumers reach Keycloak, without `/realms/…`. */
  readonly internalUrl: string
}

/** Throws `ERR_CLIENT_UNKNOWN`, and `ERR_SECRET_MASKED` for stars and for an empty secret. */
export function clientValues(
  found: Representation | undefined,
  wanted: WantedClient,
  { issuer, internalUrl }: Whereabouts,
): SecretValues {
  const { clientId } = wanted
  const known = requireClient(found, clientId)
  const clientSecret = wanted.hasSecret ? requireSecret(known, clientId) : null
  return buildSecretValues({ clientId, clientSecret, issuer, internalUrl, redirectUris: readNames(known.redirectUris) })
}

export function requireClient(found: Representation | undefined, clientId: string): Representation {
  if (found !== undefined) return found
  throw new ProvisionError('ERR_CLIENT_UNKNOWN', `The realm has no client ${clientId}`, {
    clientId,
    remedy: 'make it with doorman apply',
  })
}

/** Throws `ERR_SECRET_MASKED`: `detail.lacks` names the role, where one is missing. */
export function requireSecret({ secret }: Representation, clientId: string): string {
  const seen = observeSecret(secret)
  if (seen.kind === 'known') return seen.value
  if (seen.kind === 'masked') {
    const text = `The credential may not read the secret of ${clientId}: Keycloak answers stars. It needs manage-clients`
    throw new ProvisionError('ERR_SECRET_MASKED', text, { clientId, kind: seen.kind, lacks: 'manage-clients' })
  }
  const text = `${clientId} has no secret in Keycloak that could be delivered`
  const remedy = 'doorman apply makes one; where it does not, the client is public or logs in by a key'
  throw new ProvisionError('ERR_SECRET_MASKED', text, { clientId, kind: seen.kind, remedy })
}
