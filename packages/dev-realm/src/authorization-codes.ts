// Codes on their way from the login to the token endpoint. A code is spent by its first use, whatever comes of it.
import { createHash } from 'node:crypto'

export interface CodeGrant {
  readonly clientId: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly nonce: string | undefined
  readonly scope: string
  readonly sid: string
  readonly acr: string
  readonly expiresAt: number
}

export type CodeUse =
  | { readonly kind: 'first'; readonly grant: CodeGrant }
  | { readonly kind: 'replay'; readonly grant: CodeGrant }
  | { readonly kind: 'unknown' }

export interface AuthorizationCodes {
  issue(code: string, grant: CodeGrant): void
  use(code: string): CodeUse
}

const MAX_REMEMBERED_CODES = 10_000

export function createAuthorizationCodes(): AuthorizationCodes {
  const grants = new Map<string, { readonly grant: CodeGrant; used: boolean }>()
  return {
    issue(code, grant) {
      const [oldest] = grants.keys()
      if (grants.size >= MAX_REMEMBERED_CODES && oldest !== undefined) grants.delete(oldest)
      grants.set(code, { grant, used: false })
    },
    use(code) {
      const found = grants.get(code)
      if (found === undefined) return { kind: 'unknown' }
      if (found.used) return { kind: 'replay', grant: found.grant }
      found.used = true
      return { kind: 'first', grant: found.grant }
    },
  }
}

export type PkceProblem = 'absent' | 'malformed' | 'mismatch'

/** Null when the verifier belongs to the challenge. @see RFC 7636 section 4.6 */
export function findPkceProblem(verifier: string | null, codeChallenge: string): PkceProblem | null {
  if (verifier === null) return 'absent'
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) return 'malformed'
  const digest = createHash('sha256').update(verifier, 'ascii').digest('base64url')
  return digest === codeChallenge ? null : 'mismatch'
}
