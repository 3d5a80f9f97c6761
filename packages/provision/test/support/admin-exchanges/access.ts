import type { Exchange, ExchangeGroup } from './exchange.ts'

const ROLES = [
  'query-clients',
  'create-client',
  'view-clients',
  'view-realm',
  'view-users',
  'view-identity-providers',
  'manage-clients',
  'manage-realm',
  'manage-users',
  'manage-identity-providers',
  'realm-admin',
] as const

/** Each leaves the realm as it is: what a credential may do is told by 403 or anything else. */
const CALLS: readonly Omit<Exchange, 'name'>[] = [
  { call: 'GET clients' },
  { call: 'GET clients?clientId=web' },
  { call: 'GET clients/{web}' },
  { call: 'GET clients/no-such' },
  { call: 'POST clients', body: { clientId: 'web' } },
  { call: 'PUT clients/{web}', body: { description: 'x' } },
  { call: 'DELETE clients/no-such' },
  { call: 'GET clients/{web}/client-secret' },
  { call: 'POST clients/{web}/client-secret' },
  { call: 'GET clients/{web}/client-secret/rotated' },
  { call: 'DELETE clients/{web}/client-secret/rotated' },
  { call: 'PUT clients/{web}/default-client-scopes/{basic}' },
  { call: 'DELETE clients/{web}/optional-client-scopes/{basic}' },
  { call: 'GET clients/{web}/protocol-mappers/models' },
  {
    call: 'POST clients/{web}/protocol-mappers/models',
    body: { name: 'x', protocol: 'openid-connect', protocolMapper: 'no-such' },
  },
  { call: 'DELETE clients/{web}/protocol-mappers/models/no-such' },
  { call: 'GET clients/{web}/roles' },
  { call: 'GET clients/{web}/roles/viewer' },
  { call: 'POST clients/{web}/roles', body: { name: 'viewer' } },
  { call: 'DELETE clients/{web}/roles/no-such' },
  { call: 'GET clients/{web}/service-account-user' },
  { call: 'GET client-scopes' },
  { call: 'GET client-scopes/{basic}' },
  { call: 'POST client-scopes', body: { name: 'basic', protocol: 'openid-connect' } },
  { call: 'PUT client-scopes/{basic}', body: { name: 'profile' } },
  { call: 'DELETE client-scopes/no-such' },
  { call: 'GET default-default-client-scopes' },
  { call: 'GET roles' },
  { call: 'GET roles/reader' },
  { call: 'POST roles', body: { name: 'reader' } },
  { call: 'DELETE roles/no-such' },
  { call: 'GET users/{user}/role-mappings' },
  { call: 'GET users/{user}/role-mappings/realm' },
  { call: 'GET users/{user}/role-mappings/clients/{web}' },
  { call: 'POST users/{user}/role-mappings/realm', body: [{ id: '{reader}', name: 'reader' }] },
  { call: 'POST users/{user}/role-mappings/clients/{web}', body: [{ id: '{viewer}', name: 'viewer' }] },
  {
    call: 'POST users/{user}/role-mappings/clients/{management}',
    body: [{ id: '{viewClients}', name: 'view-clients' }],
  },
  { call: 'DELETE users/{user}/role-mappings/realm', body: [{ id: '{reader}', name: 'reader' }] },
  { call: 'GET identity-provider/instances' },
  { call: 'GET identity-provider/instances/no-such' },
  { call: 'POST identity-provider/instances', body: { alias: 'x', providerId: 'no-such' } },
  { call: 'DELETE identity-provider/instances/no-such' },
  { call: 'GET client-policies/profiles' },
  { call: 'PUT client-policies/profiles', body: { profiles: [] } },
  { call: 'GET client-policies/policies' },
  { call: 'PUT client-policies/policies', body: { policies: [] } },
  { call: 'GET ' },
  { call: 'PUT ', body: {} },
  { call: 'GET /admin/serverinfo' },
  { call: 'GET /admin/realms' },
  { call: 'POST /admin/realms', body: { realm: '{realm}' } },
]

const PREPARATION: readonly Exchange[] = [
  {
    name: 'a client',
    call: 'POST clients',
    body: { clientId: 'web', serviceAccountsEnabled: true },
    keep: { web: 'location' },
  },
  { name: 'its account', call: 'GET clients/{web}/service-account-user', keep: { user: 'id' } },
  { name: 'its role', call: 'POST clients/{web}/roles', body: { name: 'viewer' } },
  { name: 'the id of its role', call: 'GET clients/{web}/roles/viewer', keep: { viewer: 'id' } },
  { name: 'a realm role', call: 'POST roles', body: { name: 'reader' } },
  { name: 'the id of the realm role', call: 'GET roles/reader', keep: { reader: 'id' } },
  {
    name: 'a client with known scopes',
    call: 'POST clients',
    body: { clientId: 'x', defaultClientScopes: ['basic'] },
    keep: { x: 'location' },
  },
  { name: 'its scopes', call: 'GET clients/{x}/default-client-scopes', keep: { basic: '0.id' } },
  { name: 'realm-management', call: 'GET clients?clientId=realm-management', keep: { management: '0.id' } },
  { name: 'view-clients', call: 'GET clients/{management}/roles/view-clients', keep: { viewClients: 'id' } },
]

function credential(name: string, role: string | null): readonly Exchange[] {
  const given: readonly Exchange[] = [
    { name: `${name}: the role`, call: `GET clients/{management}/roles/${role}`, keep: { given: 'id' } },
    {
      name: `${name}: given`,
      call: 'POST users/{account}/role-mappings/clients/{management}',
      body: [{ id: '{given}', name: role }],
    },
  ]
  return [
    {
      name: `${name}: a client`,
      call: 'POST clients',
      body: { clientId: `account-${name}`, secret: 'secret', serviceAccountsEnabled: true },
      keep: { client: 'location' },
    },
    { name: `${name}: its account`, call: 'GET clients/{client}/service-account-user', keep: { account: 'id' } },
    ...(role === null ? [] : given),
    {
      name: `${name}: a token`,
      call: 'POST /realms/{realm}/protocol/openid-connect/token',
      form: { grant_type: 'client_credentials', client_id: `account-${name}`, client_secret: 'secret' },
      keep: { token: 'access_token' },
    },
  ].map((exchange) => ({ ...exchange, fields: [] }))
}

/** Whose answers are shorter for some, rather than refused. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'GET ': ['realm', 'bruteForceProtected', 'supportedLocales', 'organizationsEnabled', 'accessTokenLifespan'],
  'GET clients': ['clientId'],
  'GET clients?clientId=web': ['clientId', 'secret', 'access'],
  'GET client-scopes': ['name'],
  'GET users/{user}/role-mappings': ['realmMappings', 'clientMappings'],
  'GET /admin/realms': ['realm'],
}

function ask(name: string, as: string): readonly Exchange[] {
  return CALLS.map((exchange) => {
    const { call } = exchange
    return { ...exchange, name: `${name}: ${call.trim()}`, as, fields: SHOWN[call] ?? [] }
  })
}

export const ACCESS: ExchangeGroup = {
  name: 'access',
  exchanges: [
    ...PREPARATION.map((exchange) => ({ ...exchange, fields: [] })),
    ...credential('no role', null),
    ...ask('no role', 'token'),
    ...ROLES.flatMap((role) => [...credential(role, role), ...ask(role, 'token')]),
    { name: 'refused', call: 'POST clients', as: 'nobody' },
  ],
}
