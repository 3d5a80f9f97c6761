// Asking the realm about a token, under the own client of the API: RFC 7662. What is not a clear yes is no.
import type { Claims } from './claims.ts'
import { type IssuerCall, parseAnswer } from './issuer-call.ts'
import type { IntrospectionSettings } from './settings.ts'

/** What the realm says about a token, `active: false` included. Rejects when it says nothing that makes sense. */
export type Introspect = (token: string) => Promise<Claims>

/** Form-encoded before Base64: RFC 6749 section 2.3.1. */
function encodeForm(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1)
}

function buildBasic({ clientId, clientSecret }: IntrospectionSettings): string {
  return `Basic ${Buffer.from(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`).toString('base64')}`
}

/** Many requests with one token that arrive at once are one question. */
function shareFlights(introspect: Introspect): Introspect {
  const inFlight = new Map<string, Promise<Claims>>()
  return (token) => {
    const asked = inFlight.get(token)
    if (asked !== undefined) return asked
    const asking = introspect(token).finally(() => inFlight.delete(token))
    inFlight.set(token, asking)
    return asking
  }
}

export function createIntrospect(
  settings: IntrospectionSettings,
  call: IssuerCall,
  endpoint: () => Promise<string>,
): Introspect {
  const authorization = buildBasic(settings)

  async function introspect(token: string): Promise<Claims> {
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const headers = {
      accept: 'application/json',
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const answer = await call(await endpoint(), { method: 'POST', headers, body: body.toString() })
    const claims = parseAnswer(answer)
    if (typeof claims?.active !== 'boolean') throw new Error(`introspection was answered with ${answer.status}`)
    return claims
  }

  return settings.cacheSeconds === 0 ? introspect : shareFlights(introspect)
}
