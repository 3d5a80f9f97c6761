// Sessions for tests, with every field that a test does not care about filled in.

import type { TokenSet } from '../../src/realm/token-set.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { SESSION_FORMAT, type Session } from '../../src/session/session.ts'
import { createHandle } from '../../src/session/session-id.ts'

export function buildTokens(changes: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: 'access-token-1',
    accessTokenExpiresAt: 1060,
    refreshToken: 'refresh-token-1',
    refreshTokenExpiresAt: 100_000,
    idToken: 'id-token-1',
    ...changes,
  }
}

export function buildSession(changes: Partial<Session> = {}): Session {
  return {
    format: SESSION_FORMAT,
    realm: 'main',
    issuer: 'https://sso.example/realms/main',
    subject: 'alice-id',
    sid: 'realm-session-1',
    handle: createHandle(),
    tokens: buildTokens(),
    claims: { name: 'Alice' },
    roles: { realmRoles: ['user'], clientRoles: {} },
    accessClaims: {},
    secondLogins: {},
    device: { userAgent: null, address: null },
    lost: null,
    healedAt: null,
    createdAt: 1000,
    refreshDueAt: 1040,
    absoluteEndAt: 50_000,
    ...changes,
  }
}

/** The session as a replica holds it. */
export function buildLive(changes: Partial<Session> = {}): LiveSession {
  const session = buildSession(changes)
  const authorization = `Bearer ${session.tokens.accessToken}`
  return { key: `key-of-${session.handle}`, version: 1, session, authorization, lastUsedAt: 1000, writtenUseAt: 1000 }
}
