// What a service would receive, for an explanation: the credential without its token, and the headers.

import type { GatewayConfig, RouteConfig } from '../config/gateway-config.ts'
import type { Principal } from '../policy/principal.ts'
import { createCookies } from '../session/session-cookie.ts'
import { buildInternalClaims } from '../tokens/internal-claims.ts'
import { beneficiaryOf, credentialFor } from '../upstream/beneficiary.ts'
import { createUpstreamHeaders } from '../upstream/headers.ts'
import type { CredentialFinding, HeadersFinding } from './explanation.ts'

export interface Forwarding {
  readonly config: GatewayConfig
  readonly route: RouteConfig
  readonly principal: Principal
  readonly tenant: string | null
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly now: number
}

const NEW_FOR_EACH = 'new for each'

export function explainCredential({ config, route, principal, tenant, now }: Forwarding): CredentialFinding {
  const credential = credentialFor(route, principal)
  const ownRealm = principal.kind === 'anonymous' ? config.loginRealm : principal.realm
  const nothing = { kind: credential.kind, audience: null, scopes: [], realm: null, claims: null }
  switch (credential.kind) {
    case 'none':
      return nothing
    case 'accessToken':
      return { ...nothing, realm: ownRealm }
    case 'exchange':
      return { ...nothing, audience: credential.audience, scopes: credential.scopes, realm: ownRealm }
    case 'serviceAccount':
      return { ...nothing, scopes: credential.scopes, realm: ownRealm }
    case 'realm':
      return { ...nothing, realm: credential.realm }
    case 'internal': {
      if (principal.kind === 'anonymous') return { ...nothing, audience: credential.audience }
      const claims = buildInternalClaims(beneficiaryOf(principal), credential, {
        issuer: config.publicUrl,
        tenant,
        tokenId: NEW_FOR_EACH,
        issuedAt: Math.floor(now),
        expiresAt: Math.floor(now) + config.internalTokens.lifeSeconds,
      })
      return { ...nothing, audience: credential.audience, claims }
    }
  }
}

const CLIENT_ADDRESS = 'client-address'

export function explainHeaders(forwarding: Forwarding): HeadersFinding {
  const { config, route, principal, tenant, headers } = forwarding
  const { publicUrl, cookies } = config
  const build = createUpstreamHeaders({
    publicUrl: new URL(publicUrl),
    isOwnCookie: createCookies({ publicUrl, ...cookies, realm: null, sameSite: 'Lax' }).isOurs,
  })
  const { kind } = credentialFor(route, principal)
  const authorization = kind === 'none' ? null : `Bearer (${kind})`
  const peer = { address: CLIENT_ADDRESS, isTrusted: false, forwardedFor: `for=${CLIENT_ADDRESS}` }
  const send = (sent: Forwarding['headers']) => {
    const request = { id: NEW_FOR_EACH, method: '', path: '', search: '', headers: sent, clientAddress: CLIENT_ADDRESS }
    return pairs(build({ request, peer, message: { rawHeaders: Object.entries(sent).flat() } }, authorization, tenant))
  }
  const set = send({})
  // Ours come last.
  const passed = send(headers).slice(0, -set.length)
  const goesOn = (name: string) => passed.some(([other, value]) => other === name && value === headers[name])
  return { set, removed: Object.keys(headers).filter((name) => !goesOn(name)) }
}

function pairs(flat: readonly string[]): readonly (readonly [string, string])[] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : []))
}
