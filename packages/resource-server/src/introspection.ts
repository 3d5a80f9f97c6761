// Asking the realm about a token, under the own client of the API: RFC 7662. What is not a clear yes is no.
import type { Claims } from './claims.ts'
import { type IssuerCall, parseAnswer } from './issuer-call.ts'
import type { ClientIntrospectionSettings, IntrospectionSettings } from './settings.ts'

/** What the realm says about a token; null, too, says that it is not active. Rejects when nothing can be made of it. */
export type Introspect = (token: string) => Promise<Claims | null>

/** Form-encoded before Base64: RFC 6749 section 2.3.1. */
function encodeForm(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1)
}

function buildBasic({ clientId, clientSecret }: ClientIntrospectionSettings): string {
  return `Basic ${Buffer.from(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`).toString('base64')}`
}

/** Many requests with one token that arrive at once are one question. */
function shareFlights(introspect: Introspect): Introspect {
  const inFlight = new Map<string, ReturnType<Introspect>>()
  return (token) => {
    const asked = inFlight.get(token)
    if (asked !== undefined) return asked
    const asking = introspect(token).finally(() => inFlight.delete(token))
    inFlight.set(token, asking)
    return asking
  }
}

function share({ cacheSeconds }: IntrospectionSettings, introspect: Introspect): Introspect {
  return cacheSeconds === 0 ? introspect : shareFlights(introspect)
}

function createClientIntrospect(
  settings: ClientIntrospectionSettings,
  call: IssuerCall,
  endpoint: () => Promise<string>,
): Introspect {
  const authorization = buildBasic(settings)
  return async (token) => {
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
}

/** @param findEndpoint where the realm answers, by its metadata */
export function createIntrospect(
  settings: IntrospectionSettings,
  call: IssuerCall,
  findEndpoint: () => Promise<string>,
): Introspect {
  if (settings.kind === 'own') return share(settings, (token) => settings.introspect(token))
  const endpoint = async () => settings.url ?? findEndpoint()
  return share(settings, createClientIntrospect(settings, call, endpoint))
}
