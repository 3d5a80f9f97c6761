import type { Exchange, ExchangeGroup } from './exchange.ts'

const mapper = (name: string, audience = 'web') => ({
  name,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': audience, 'access.token.claim': 'true' },
})

export const SCOPES: ExchangeGroup = {
  name: 'client scopes',
  exchanges: [
    {
      name: 'create',
      call: 'POST client-scopes',
      body: { name: 'plain', protocol: 'openid-connect' },
      keep: { plain: 'location' },
    },
    { name: 'created', call: 'GET client-scopes/{plain}' },
    {
      name: 'create with everything',
      call: 'POST client-scopes',
      body: {
        name: 'reports-audience',
        description: 'for reports',
        protocol: 'openid-connect',
        attributes: { 'doorman.owner': 'shop', 'include.in.token.scope': 'false' },
        protocolMappers: [mapper('one')],
      },
      keep: { scope: 'location' },
    },
    { name: 'created with everything', call: 'GET client-scopes/{scope}' },
    { name: 'create again', call: 'POST client-scopes', body: { name: 'plain', protocol: 'openid-connect' } },
    { name: 'create without a protocol', call: 'POST client-scopes', body: { name: 'bare' } },
    { name: 'create without a name', call: 'POST client-scopes', body: { protocol: 'openid-connect' } },
    {
      name: 'create with an unknown field',
      call: 'POST client-scopes',
      body: { name: 'x', protocol: 'openid-connect', noSuchField: 1 },
    },
    {
      name: 'change',
      call: 'PUT client-scopes/{scope}',
      body: {
        name: 'reports-audience',
        description: 'changed',
        protocol: 'openid-connect',
        attributes: { 'doorman.owner': 'shop', added: 'yes' },
      },
    },
    { name: 'changed', call: 'GET client-scopes/{scope}' },
    {
      name: 'change to no mappers',
      call: 'PUT client-scopes/{scope}',
      body: { name: 'reports-audience', protocol: 'openid-connect', protocolMappers: [], attributes: { added: '' } },
    },
    { name: 'changed to no mappers', call: 'GET client-scopes/{scope}' },
    { name: 'change without a protocol', call: 'PUT client-scopes/{scope}', body: { name: 'reports-audience' } },
    { name: 'rename', call: 'PUT client-scopes/{scope}', body: { name: 'renamed', protocol: 'openid-connect' } },
    { name: 'renamed', call: 'GET client-scopes/{scope}' },
    { name: 'rename to another one', call: 'PUT client-scopes/{scope}', body: { name: 'plain' } },
    { name: 'read nothing', call: 'GET client-scopes/no-such' },
    { name: 'change nothing that is there', call: 'PUT client-scopes/no-such', body: { description: 'x' } },
    {
      name: 'create a client',
      call: 'POST clients',
      body: { clientId: 'web', defaultClientScopes: ['basic'], optionalClientScopes: ['email'] },
      keep: { web: 'location' },
    },
    { name: 'assign', call: 'PUT clients/{web}/default-client-scopes/{scope}' },
    lists('assigned'),
    { name: 'assign again', call: 'PUT clients/{web}/default-client-scopes/{scope}' },
    { name: 'assign to the other list', call: 'PUT clients/{web}/optional-client-scopes/{scope}' },
    lists('assigned to both'),
    { name: 'take from the wrong list', call: 'DELETE clients/{web}/optional-client-scopes/{scope}' },
    lists('taken from the wrong list'),
    { name: 'assign to the other list after that', call: 'PUT clients/{web}/optional-client-scopes/{scope}' },
    lists('assigned to the other list'),
    { name: 'take away', call: 'DELETE clients/{web}/optional-client-scopes/{scope}' },
    { name: 'take away again', call: 'DELETE clients/{web}/optional-client-scopes/{scope}' },
    lists('taken away'),
    { name: 'assign what is not there', call: 'PUT clients/{web}/default-client-scopes/no-such' },
    { name: 'assign to nothing', call: 'PUT clients/no-such/default-client-scopes/{scope}' },
    { name: 'default scopes of a client', call: 'GET clients/{web}/default-client-scopes' },
    { name: 'assign once more', call: 'PUT clients/{web}/default-client-scopes/{scope}' },
    { name: 'delete one in use', call: 'DELETE client-scopes/{scope}' },
    lists('a client after that'),
    { name: 'delete', call: 'DELETE client-scopes/{plain}' },
    { name: 'delete again', call: 'DELETE client-scopes/{plain}' },
  ],
}

function lists(name: string): Exchange {
  return { name, call: 'GET clients/{web}', fields: ['defaultClientScopes', 'optionalClientScopes'] }
}

const ofMappers = (of: string, owner: string): readonly Exchange[] => [
  {
    name: `add to a ${of}`,
    call: `POST ${owner}/protocol-mappers/models`,
    body: mapper('one'),
    keep: { mapper: 'location' },
  },
  { name: `mappers of a ${of}`, call: `GET ${owner}/protocol-mappers/models` },
  { name: `add again to a ${of}`, call: `POST ${owner}/protocol-mappers/models`, body: mapper('one', 'other') },
  {
    name: `add one of no type to a ${of}`,
    call: `POST ${owner}/protocol-mappers/models`,
    body: { ...mapper('x'), protocolMapper: 'no-such' },
  },
  {
    name: `change one of a ${of}`,
    call: `PUT ${owner}/protocol-mappers/models/{mapper}`,
    body: { id: '{mapper}', ...mapper('one', 'other') },
  },
  {
    name: `change without an id in the body, ${of}`,
    call: `PUT ${owner}/protocol-mappers/models/{mapper}`,
    body: mapper('one', 'third'),
  },
  { name: `changed mappers of a ${of}`, call: `GET ${owner}/protocol-mappers/models` },
  {
    name: `add a second to a ${of}`,
    call: `POST ${owner}/protocol-mappers/models`,
    body: mapper('two'),
    keep: { second: 'location' },
  },
  {
    name: `rename one of a ${of} to the other`,
    call: `PUT ${owner}/protocol-mappers/models/{second}`,
    body: { id: '{second}', ...mapper('one') },
  },
  {
    name: `change one that a ${of} has not`,
    call: `PUT ${owner}/protocol-mappers/models/no-such`,
    body: { id: 'no-such', ...mapper('x') },
  },
  { name: `a ${of} with mappers`, call: `GET ${owner}`, fields: ['protocolMappers'] },
  {
    name: `add one for ID tokens alone to a ${of}`,
    call: `POST ${owner}/protocol-mappers/models`,
    body: {
      name: 'three',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-hardcoded-claim-mapper',
      config: { 'claim.name': 'a', 'claim.value': 'b', 'id.token.claim': 'true', 'access.token.claim': 'false' },
    },
    keep: { third: 'location' },
  },
  {
    name: `add one with no claim to a ${of}`,
    call: `POST ${owner}/protocol-mappers/models`,
    body: {
      name: 'four',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-usermodel-attribute-mapper',
      config: { 'user.attribute': 'a' },
    },
  },
  { name: `mappers of a ${of} with those`, call: `GET ${owner}/protocol-mappers/models` },
  { name: `a ${of} with those`, call: `GET ${owner}`, fields: ['protocolMappers'] },
  { name: `delete one of a ${of}`, call: `DELETE ${owner}/protocol-mappers/models/{mapper}` },
  { name: `delete it again from a ${of}`, call: `DELETE ${owner}/protocol-mappers/models/{mapper}` },
  { name: `mappers of a ${of} after that`, call: `GET ${owner}/protocol-mappers/models` },
]

export const MAPPERS: ExchangeGroup = {
  name: 'mappers',
  exchanges: [
    { name: 'create a client', call: 'POST clients', body: { clientId: 'web' }, keep: { web: 'location' } },
    {
      name: 'create a scope',
      call: 'POST client-scopes',
      body: { name: 'scope', protocol: 'openid-connect' },
      keep: { scope: 'location' },
    },
    ...ofMappers('client', 'clients/{web}'),
    ...ofMappers('scope', 'client-scopes/{scope}'),
    { name: 'add to no client', call: 'POST clients/no-such/protocol-mappers/models', body: mapper('one') },
    { name: 'add to no scope', call: 'POST client-scopes/no-such/protocol-mappers/models', body: mapper('one') },
  ],
}
