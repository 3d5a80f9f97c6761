// Requests in which we prove who we are: to the token endpoint and to the realm's logout. Each is taken once; who may
// repeat one decides that. Not through `openid-client`: it judges an answer before it hands out what came in it, and
// a refresh token lost that way cannot be had again.
import type { RealmEndpoint } from '../kernel/events.ts'
import type { AuthenticateClient, ClientProofs } from './client-auth.ts'
import type { Discovery } from './discovery.ts'
import type { RealmMetadata } from './metadata.ts'
import type { RealmAnswer, RealmFetch } from './realm-fetch.ts'

/** Throws `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`. */
export type SendAsClient = (
  endpoint: RealmEndpoint,
  chooseUrl: (metadata: RealmMetadata) => URL,
  parameters: Readonly<Record<string, string>>,
) => Promise<RealmAnswer>

export function createSendAsClient(discovery: Discovery, proofs: ClientProofs, fetch: RealmFetch): SendAsClient {
  return async (endpoint, chooseUrl, parameters) => {
    const metadata = await discovery.current()

    async function sendBy(authenticate: AuthenticateClient): Promise<RealmAnswer> {
      const form = new URLSearchParams(parameters)
      const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' })
      await authenticate(metadata.secretMethod, form, headers)
      const init = { method: 'POST', headers: Object.fromEntries(headers), body: form.toString() } as const
      return fetch.call(endpoint, chooseUrl(metadata), init)
    }

    let answer: RealmAnswer | undefined
    for (const authenticate of proofs()) {
      answer = await sendBy(authenticate)
      // A realm that does not know us has looked at nothing else: no code and no refresh token is spent.
      if (answer.status !== 401) break
    }
    if (answer === undefined) throw new TypeError('no proof of our client')
    return answer
  }
}

/** What an operator looks at after a client refusal; `because` is the realm's own word. */
export function explainClientRefusal(clientId: string, because: string): string {
  return `the realm refuses client ${clientId}: ${because}: check clientId and clientAuth, and that the client is enabled`
}

/** The realm refused us, not what we asked for: Keycloak answers 401, or 400 to an assertion it does not like. */
export function isClientRefusal(status: number, error: string | null): boolean {
  return status === 401 || (status === 400 && (error === 'invalid_client' || error === 'unauthorized_client'))
}
