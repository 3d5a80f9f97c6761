import { ACCESS } from './access.ts'
import { CLIENTS } from './clients.ts'
import type { ExchangeGroup } from './exchange.ts'
import { FRESH_REALM } from './fresh-realm.ts'
import { IDENTITY_PROVIDERS, POLICIES } from './realm-parts.ts'
import { ROLES, SERVICE_ACCOUNTS } from './roles.ts'
import { MAPPERS, SCOPES } from './scopes.ts'
import { ROTATION, SECRETS } from './secrets.ts'
import { TOKENS } from './tokens.ts'

export const ALL_EXCHANGES: readonly ExchangeGroup[] = [
  FRESH_REALM,
  CLIENTS,
  SECRETS,
  ROTATION,
  SCOPES,
  MAPPERS,
  ROLES,
  SERVICE_ACCOUNTS,
  TOKENS,
  IDENTITY_PROVIDERS,
  POLICIES,
  ACCESS,
]
