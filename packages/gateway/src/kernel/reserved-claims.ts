/**
 * Members with a meaning of their own in internal tokens, or the mark of another kind of token: what a realm says under
 * these names would be taken for that.
 */
export const RESERVED_CLAIMS: readonly string[] = [
  'iss',
  'aud',
  'sub',
  'realm',
  'sid',
  'roles',
  'client_roles',
  'tenant',
  'client_id',
  'jti',
  'iat',
  'exp',
  'nbf',
  'typ',
  'azp',
  'cnf',
  'act',
  'may_act',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'events',
]
