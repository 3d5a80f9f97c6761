// What the endpoints of one realm share.
import type { AuthorizationCodes } from './authorization-codes.ts'
import type { Directory } from './directory.ts'
import type { FaultPlan } from './faults.ts'
import type { IdentityProviders } from './identity-providers.ts'
import type { RealmSettings, TokenUse } from './options.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { Sessions } from './sessions.ts'
import type { SigningKeys } from './signing-keys.ts'

export interface RealmState {
  readonly realm: string
  readonly issuer: string
  readonly settings: RealmSettings
  readonly directory: Directory
  readonly sessions: Sessions
  readonly keys: SigningKeys
  readonly codes: AuthorizationCodes
  readonly refreshTokens: RefreshTokens
  readonly faults: FaultPlan
  readonly identityProviders: IdentityProviders
  readonly revokedTokenIds: Set<string>
  /** By provider and `jti`. */
  readonly usedAssertions: Set<string>
  readonly onTokenUse: (use: TokenUse) => void
}

export function epochSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
