// What an access token would say of a person, without a realm that runs: for tools that explain what may be done.
import type { JWTPayload } from 'jose'
import { buildAccessClaims } from './claims.ts'
import { DEFAULT_SETTINGS, DEV_USERS } from './options.ts'
import { grantScope } from './scopes.ts'

export interface DescribedLogin {
  /** Its last segment is the realm's name. */
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Epoch seconds; the person has logged in this very moment. */
  readonly now: number
}

/** Undefined when no person of a development realm who may log in has this name. */
export function describeDevUser(username: string, login: DescribedLogin): JWTPayload | undefined {
  const user = DEV_USERS.find((one) => one.username === username && one.enabled)
  if (user === undefined) return undefined
  const now = Math.floor(login.now)
  return buildAccessClaims({
    issuer: login.issuer,
    realm: login.issuer.split('/').at(-1) ?? '',
    user,
    client: { clientId: login.clientId, redirectUris: [] },
    origin: 'login',
    session: { sid: 'described', authTime: now, clientSessionId: null },
    acr: '1',
    scope: grantScope(login.scopes.join(' ')),
    organizationClaim: DEFAULT_SETTINGS.organizationClaim,
    now,
    expiresAt: now + DEFAULT_SETTINGS.accessTokenSeconds,
  })
}
