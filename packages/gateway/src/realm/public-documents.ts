// `fetch` for whoever reads the realm's public documents by their public addresses, such as the guard: the way is
// ours, with our trust, limits and back channel. It carries no credentials, follows nothing and only reads.
import { type MetadataOptions, onBackchannel } from './metadata.ts'
import type { RealmAnswer, RealmFetch } from './realm-fetch.ts'

/** A status with which no body may come (Fetch standard, "null body status"). */
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

// Keycloak names itself by the address it was asked at, which is not one the reader knows or may trust.
function withPublicAddresses(text: string, { issuer, backchannelUrl }: MetadataOptions): string {
  if (backchannelUrl === null) return text
  return text.replaceAll(`${new URL(backchannelUrl).origin}/`, `${new URL(issuer).origin}/`)
}

function toResponse(answer: RealmAnswer, options: MetadataOptions): Response {
  const { status, mediaType, text } = answer
  const headers = mediaType === '' ? {} : { 'content-type': mediaType }
  return new Response(WITHOUT_BODY.includes(status) ? null : withPublicAddresses(text, options), { status, headers })
}

/** Rejects with a `TypeError` for any method but GET, with the signal's reason, `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`. */
export function createPublicFetch(options: MetadataOptions, fetch: RealmFetch): typeof globalThis.fetch {
  return async (input, init) => {
    const { method, url, headers, signal } = new Request(input, init)
    if (method !== 'GET') throw new TypeError(`public documents are read by GET, not by ${method}`)
    const request = { method: 'GET', headers: { accept: headers.get('accept') ?? '*/*' }, body: null } as const
    try {
      return toResponse(await fetch.call('public', onBackchannel(new URL(url), options), request, signal), options)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  }
}
