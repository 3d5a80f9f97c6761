// One token, from text to verified claims: by its issuer's keys, by the rules of its kind, and, when the guard is told
// so, by asking the realm.
import type { BearerFault } from './bearer-error.ts'
import { callerFromClaims } from './caller-from-claims.ts'
import type { Claims } from './claims.ts'
import type { Introspect } from './introspection.ts'
import { verifyJws } from './jws.ts'
import type { KeySet } from './key-set.ts'
import { invalidToken, temporarilyUnavailable } from './refusals.ts'
import type { GuardSettings, IssuerSettings } from './settings.ts'
import { parseTokenForm, type TokenForm } from './token-form.ts'
import {
  findBrokenRule,
  INTERNAL_TOKEN_RULES,
  INTROSPECTED_TOKEN_RULES,
  isHeaderTypeOf,
  REALM_TOKEN_RULES,
  SIGNED_REALM_TOKEN_RULES,
  type TokenExpectation,
} from './token-rules.ts'
import type { VerifiedToken } from './verified-tokens.ts'

/** An issuer whose tokens are accepted. */
export interface TrustedIssuer {
  readonly settings: IssuerSettings
  readonly keySet: KeySet
  /** Null for the gateway, and for a realm that is not asked. */
  readonly introspect: Introspect | null
}

type SignedForm = Extract<TokenForm, { kind: 'jws' }>
type Signed = { readonly claims: Claims; readonly keyId: string }
type Rules = Parameters<typeof findBrokenRule>[0]

function rulesOf({ settings, introspect }: TrustedIssuer): Rules {
  if (settings.kind === 'internal') return INTERNAL_TOKEN_RULES
  return introspect === null ? REALM_TOKEN_RULES : SIGNED_REALM_TOKEN_RULES
}

async function orUnavailable<T>(reason: BearerFault, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw temporarilyUnavailable(reason, cause)
  }
}

/** Rejects with `BearerError`: 401 `invalid_token`, or 503 when an issuer that must be asked does not answer. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>

export function createTokenVerifier(settings: GuardSettings, issuers: readonly TrustedIssuer[]): VerifyToken {
  const { audiences, clockToleranceSeconds, now } = settings

  function require(rules: Rules, claims: Claims, { settings: { issuer } }: TrustedIssuer): void {
    const expected: TokenExpectation = { issuer, audiences, clockToleranceSeconds, now: now() }
    const broken = findBrokenRule(rules, claims, expected)
    if (broken !== null) throw invalidToken(broken)
  }

  async function verifySignature(token: string, { header }: SignedForm, issuer: TrustedIssuer): Promise<Signed> {
    if (!isHeaderTypeOf(issuer.settings.kind, header.typ)) throw invalidToken('typ')
    const verifying = verifyJws(token, header, issuer.settings.algorithms, issuer.keySet)
    const verdict = await orUnavailable('issuer-unavailable', verifying)
    if (verdict.kind === 'invalid') throw invalidToken(verdict.reason)
    require(rulesOf(issuer), verdict.claims, issuer)
    return verdict
  }

  async function ask(token: string, issuer: TrustedIssuer, introspect: Introspect): Promise<Claims> {
    const claims = await orUnavailable('introspection-unavailable', introspect(token))
    if (claims === null) throw invalidToken('inactive')
    require(INTROSPECTED_TOKEN_RULES, claims, issuer)
    return claims
  }

  function believe(claims: Claims, issuer: TrustedIssuer, keyId: string | null): VerifiedToken {
    const caller = callerFromClaims(issuer.settings.kind, claims)
    // A token ends when the rules say so; an answer of the realm is never remembered past `exp` (RFC 7662 section 4).
    const believedUntil =
      issuer.introspect === null
        ? caller.expiresAt + clockToleranceSeconds
        : Math.min(caller.expiresAt, now() + (settings.introspection?.cacheSeconds ?? 0))
    const stillHolds = () => keyId === null || issuer.keySet.holds(keyId)
    return { caller, believedUntil, stillHolds }
  }

  async function verifyOpaque(token: string): Promise<VerifiedToken> {
    const issuer = issuers.find(({ introspect }) => introspect !== null)
    if (issuer === undefined || issuer.introspect === null) throw invalidToken('malformed')
    return believe(await ask(token, issuer, issuer.introspect), issuer, null)
  }

  async function verifySigned(token: string, form: SignedForm): Promise<VerifiedToken> {
    // The issuer is chosen by what the token says, and then proven by that issuer's keys alone.
    const issuer = issuers.find((one) => one.settings.issuer === form.claims.iss)
    if (issuer === undefined) throw invalidToken('issuer')
    const { claims, keyId } = await verifySignature(token, form, issuer)
    if (issuer.introspect === null) return believe(claims, issuer, keyId)
    const answered = await ask(token, issuer, issuer.introspect)
    // An answer about somebody else would be one about another token.
    if (claims.sub !== undefined && claims.sub !== answered.sub) throw invalidToken('introspection-mismatch')
    return believe(answered, issuer, keyId)
  }

  return async (token) => {
    const form = parseTokenForm(token)
    if (form.kind === 'malformed') throw invalidToken('malformed')
    return form.kind === 'opaque' ? verifyOpaque(token) : verifySigned(token, form)
  }
}
