import { ask } from '../call.ts'
import type { ClientFacts } from '../client-facts.ts'
import { type Finding, ok, unneeded, wrong } from '../finding.ts'
import { evidenceOf } from '../refusal.ts'
import { exampleOf } from './redirect-uri.ts'

/** Without a session there is nothing to end; a foreign URI is refused all the same. */
export async function checkPostLogoutUri({ client, realm }: ClientFacts): Promise<Finding> {
  const { clientId } = client
  const uris = client.login?.postLogoutRedirectUris ?? []
  if (uris.length === 0) return unneeded('nobody comes back from a logout')
  const { address, timeoutSeconds } = realm.realm
  for (const uri of uris) {
    const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: exampleOf(uri) })
    const answer = await ask({ url: `${address}/protocol/openid-connect/logout?${query}`, timeoutSeconds })
    if (answer.kind === 'answered' && answer.status < 400) continue
    const cause = `the post-logout redirect URI ${uri} is not registered: a logout would end on an error page`
    const remedy = 'add it to "Valid post logout redirect URIs", or run doorman apply'
    return wrong('post-logout-redirect-uri', cause, remedy, { clientId, uri, ...evidenceOf(answer) })
  }
  return ok(uris.join(', '))
}
