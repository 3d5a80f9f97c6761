import type { ExchangeGroup } from './exchange.ts'

/** Also what a realm of our small admin API begins with. */
export const FRESH_REALM: ExchangeGroup = {
  name: 'fresh realm',
  exchanges: [
    { name: 'the realm', call: 'GET ' },
    { name: 'clients', call: 'GET clients' },
    { name: 'client scopes', call: 'GET client-scopes' },
    { name: 'default scopes', call: 'GET default-default-client-scopes' },
    { name: 'optional scopes', call: 'GET default-optional-client-scopes' },
    { name: 'realm roles', call: 'GET roles' },
    {
      name: 'look up realm-management',
      call: 'GET clients?clientId=realm-management',
      fields: [],
      keep: { management: '0.id' },
    },
    { name: 'roles of realm-management', call: 'GET clients/{management}/roles' },
    { name: 'identity providers', call: 'GET identity-provider/instances' },
    { name: 'client profiles', call: 'GET client-policies/profiles' },
    { name: 'client profiles with global ones', call: 'GET client-policies/profiles?include-global-profiles=true' },
    { name: 'client policies', call: 'GET client-policies/policies' },
    { name: 'discovery', call: 'GET /realms/{realm}/.well-known/openid-configuration', as: 'nobody' },
    {
      name: 'the public face of the realm',
      call: 'GET /realms/{realm}',
      as: 'nobody',
      fields: ['realm', 'tokens-not-before'],
    },
    { name: 'discovery of no realm', call: 'GET /realms/no-such/.well-known/openid-configuration', as: 'nobody' },
    { name: 'no such realm', call: 'GET /admin/realms/no-such' },
    { name: 'clients of no such realm', call: 'GET /admin/realms/no-such/clients' },
    { name: 'the same realm again', call: 'POST /admin/realms', body: { realm: '{realm}', enabled: true } },
    { name: 'executors of policies', call: 'GET /admin/serverinfo', at: 'providers.client-policy-executor.providers' },
    {
      name: 'conditions of policies',
      call: 'GET /admin/serverinfo',
      at: 'providers.client-policy-condition.providers',
    },
    { name: 'nobody', call: 'GET clients', as: 'nobody' },
    { name: 'a slash at the end', call: 'GET clients/', fields: [] },
    { name: 'no such path', call: 'GET no-such-path' },
    { name: 'a token of nobody', call: 'GET clients', as: 'management' },
  ],
}
