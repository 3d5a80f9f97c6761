// A realm that says by logout tokens of its own that sessions have ended, for tests of single endpoints.
import { importJWK } from 'jose'
import type { LogoutRealm } from '../../src/logout/backchannel-logout.ts'
import { verifyLogoutToken } from '../../src/realm/logout-token.ts'
import { makeKey, signToken } from './scripted-realm.ts'

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

export interface SpeakingRealm extends LogoutRealm {
  /** What it says: whom `changes` name, with a `jti` that is new each time. */
  say(changes: Readonly<Record<string, unknown>>): Promise<string>
}

let tokens = 0

export async function createSpeakingRealm(
  { realm, issuer, clientId, isLoginRealm }: Omit<LogoutRealm, 'verifyLogoutToken'>,
  now: () => number,
): Promise<SpeakingRealm> {
  const key = await makeKey(`key-of-${realm}`, 'ES256')
  const publicKey = await importJWK(key.publicJwk, 'ES256')
  if (publicKey instanceof Uint8Array) throw new TypeError('a symmetric key')
  const expected = { issuer, clientId, clockToleranceSeconds: 10 }
  return {
    realm,
    issuer,
    clientId,
    isLoginRealm,
    verifyLogoutToken: (token) =>
      verifyLogoutToken(token, ['ES256'], { find: async () => [publicKey] }, { ...expected, now: now() }),
    say(changes) {
      tokens += 1
      const iat = Math.floor(now())
      const claims = {
        iss: issuer,
        aud: clientId,
        iat,
        jti: `jti-${tokens}`,
        events: { [LOGOUT_EVENT]: {} },
        ...changes,
      }
      return signToken(key, claims, { typ: 'logout+jwt' })
    },
  }
}
