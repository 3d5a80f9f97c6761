// Refresh tokens as Keycloak writes them: HS512, readable for the realm alone.
import { randomBytes } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { buildTokenId } from './claims.ts'

export interface RefreshGrant {
  readonly tokenId: string
  readonly clientId: string
  readonly sid: string
  readonly scope: string
  /** All tokens that descend from one code. */
  readonly chain: string
  /** Counts every issue and use in the realm. */
  readonly issuedAt: number
  readonly isOffline: boolean
}

export type ParsedRefreshToken =
  | { readonly kind: 'valid'; readonly grant: RefreshGrant; readonly claims: JWTPayload }
  | { readonly kind: 'expired'; readonly grant: RefreshGrant }
  | { readonly kind: 'invalid' }

export interface NewRefreshToken {
  readonly clientSessionId: string
  readonly clientId: string
  readonly sid: string
  readonly scope: string
  readonly chain: string
  readonly now: number
  /** Null: never (an offline token). */
  readonly expiresAt: number | null
}

export interface RefreshTokens {
  issue(token: NewRefreshToken): Promise<string>
  parse(token: string, now: number): Promise<ParsedRefreshToken>
  /** The next number of the count that `issuedAt` is one of. */
  tick(): number
}

export function createRefreshTokens(issuer: string): RefreshTokens {
  const key = randomBytes(64)
  let count = 0

  function tick(): number {
    count += 1
    return count
  }

  return {
    tick,
    issue(token) {
      const claims = {
        iat: token.now,
        jti: buildTokenId('onrtrt', token.clientSessionId),
        iss: issuer,
        aud: issuer,
        typ: token.expiresAt === null ? 'Offline' : 'Refresh',
        azp: token.clientId,
        sid: token.sid,
        scope: token.scope,
        reuse_id: token.chain,
        count: tick(),
        ...(token.expiresAt === null ? {} : { exp: token.expiresAt }),
      }
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS512', typ: 'JWT' }).sign(key)
    },
    async parse(token, now) {
      try {
        // Expiry is judged below, because an expired token still says whose it is.
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS512'], currentDate: new Date(0) })
        const isExpired = payload.exp !== undefined && payload.exp <= now
        const grant = readGrant(payload)
        return isExpired ? { kind: 'expired', grant } : { kind: 'valid', grant, claims: payload }
      } catch {
        return { kind: 'invalid' }
      }
    },
  }
}

function readGrant(claims: JWTPayload): RefreshGrant {
  return {
    tokenId: String(claims.jti),
    clientId: String(claims.azp),
    sid: String(claims.sid),
    scope: String(claims.scope),
    chain: String(claims.reuse_id),
    issuedAt: Number(claims.count),
    isOffline: claims.typ === 'Offline',
  }
}
