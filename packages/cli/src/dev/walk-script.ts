// On the walk: callers that are no browsers. They come with a token of the realm, and one of the gateway's own is no use.
import { SCRIPT_CLIENT } from './demo-realm.ts'
import type { AccountService, Issuers } from './own-services.ts'
import { asObject, parse, type Visit } from './visit.ts'

export interface ScriptWalk {
  readonly issuers: Issuers
  readonly lastInternalToken: AccountService['lastInternalToken']
}

const CARD = '/api/card'

export async function callWithToken(visit: Visit, { issuers, lastInternalToken }: ScriptWalk): Promise<void> {
  const token = await fetchScriptToken(issuers.main)
  const call = async (path: string, bearer: string) => {
    const answer = await fetch(visit.url(path), { headers: { authorization: `Bearer ${bearer}` } })
    visit.print(`   script  → doorman   GET ${path}: ${answer.status}`)
    return { status: answer.status, body: await answer.text() }
  }

  const card = await call(CARD, token)
  const credential = card.status === 200 ? asObject(parse(card).credential) : {}
  visit.check(
    credential.kind === 'internal' && credential.clientId === SCRIPT_CLIENT.clientId,
    'a route that takes bearer tokens serves the script, and its service received a token for itself',
  )
  visit.check((await call('/api/me', token)).status === 401, 'a route for sessions alone does not look at the token')
  const internal = lastInternalToken()
  visit.check(
    internal !== undefined && (await call(CARD, internal)).status === 401,
    "the service's own token opens nothing at the front door",
  )
}

async function fetchScriptToken(issuer: string): Promise<string> {
  const { clientId, secret } = SCRIPT_CLIENT
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return String(asObject(await answer.json()).access_token)
}
