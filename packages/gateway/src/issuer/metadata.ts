// What the issuer of internal tokens says of itself (OpenID Connect Discovery 1.0 section 3), so that a library that is
// told the issuer alone finds the keys. Members that would promise what is not there, such as endpoints, are left out.
import type { Reply } from '../http/reply.ts'
import { type PublishedKeySetOptions, readKeySet } from './key-set.ts'
import { buildPublicDocument } from './public-document.ts'

export interface IssuerMetadataOptions extends PublishedKeySetOptions {
  /** As in `iss`: the public URL. */
  readonly issuer: string
  readonly jwksUrl: string
}

/** Rejects with `ERR_SIGNING_KEYS_UNAVAILABLE` before the keys have been loaded. */
export async function answerIssuerMetadata(options: IssuerMetadataOptions): Promise<Reply> {
  const algorithms = readKeySet(options).keys.map(({ alg }) => alg)
  return buildPublicDocument({
    issuer: options.issuer,
    jwks_uri: options.jwksUrl,
    // No ID tokens are issued; libraries read here which algorithms of this issuer they may accept.
    id_token_signing_alg_values_supported: [...new Set(algorithms)],
    subject_types_supported: ['public'],
  })
}
