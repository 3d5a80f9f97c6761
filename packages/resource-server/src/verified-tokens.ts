// Tokens that have been verified before, by their hash: a bounded memory in which the least recently used goes first.
import { hash } from 'node:crypto'
import type { Caller } from './caller.ts'

export interface VerifiedToken {
  readonly caller: Caller
  /** Until when this may be believed without asking anybody; epoch seconds. */
  readonly believedUntil: number
  /** Whether what vouched for it still does. */
  readonly stillHolds: () => boolean
}

export interface VerifiedTokens {
  /** Null when there is none, or it may no longer be believed. */
  find(tokenHash: string): Caller | null
  keep(tokenHash: string, verified: VerifiedToken): void
}

export interface VerifiedTokensOptions {
  /** How many are remembered. */
  readonly cachedTokens: number
  readonly now: () => number
}

/** The tokens themselves are not kept. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url')
}

export function createVerifiedTokens({ cachedTokens, now }: VerifiedTokensOptions): VerifiedTokens {
  const byHash = new Map<string, VerifiedToken>()

  return {
    find(tokenHash) {
      const verified = byHash.get(tokenHash)
      if (verified === undefined) return null
      byHash.delete(tokenHash)
      if (now() >= verified.believedUntil || !verified.stillHolds()) return null
      byHash.set(tokenHash, verified)
      return verified.caller
    },

    keep(tokenHash, verified) {
      if (now() >= verified.believedUntil) return
      byHash.delete(tokenHash)
      byHash.set(tokenHash, verified)
      if (byHash.size <= cachedTokens) return
      const [oldest] = byHash.keys()
      if (oldest !== undefined) byHash.delete(oldest)
    },
  }
}
