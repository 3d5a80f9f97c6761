import type { ExchangeGroup } from './exchange.ts'

const provider = (parts: object = {}) => ({
  alias: 'other-realm',
  providerId: 'oidc',
  enabled: true,
  config: {
    issuer: 'https://sso.example.com/realms/other',
    clientId: 'broker',
    clientSecret: 'the secret of the broker',
    authorizationUrl: 'https://sso.example.com/auth',
    tokenUrl: 'https://sso.example.com/token',
    'doorman.owner': 'shop',
  },
  ...parts,
})
const PATH = 'identity-provider/instances'

export const IDENTITY_PROVIDERS: ExchangeGroup = {
  name: 'identity providers',
  exchanges: [
    { name: 'create', call: `POST ${PATH}`, body: provider() },
    { name: 'created', call: `GET ${PATH}/other-realm` },
    { name: 'list', call: `GET ${PATH}` },
    { name: 'create again', call: `POST ${PATH}`, body: provider() },
    { name: 'create with little', call: `POST ${PATH}`, body: { alias: 'bare', providerId: 'oidc' } },
    { name: 'created with little', call: `GET ${PATH}/bare` },
    {
      name: 'create one of Kubernetes',
      call: `POST ${PATH}`,
      body: { alias: 'cluster', providerId: 'kubernetes', config: { issuer: 'https://kubernetes.example.com' } },
    },
    { name: 'created of Kubernetes', call: `GET ${PATH}/cluster` },
    { name: 'create one of no type', call: `POST ${PATH}`, body: provider({ alias: 'x', providerId: 'no-such' }) },
    { name: 'create with an unknown field', call: `POST ${PATH}`, body: provider({ alias: 'x', noSuchField: 1 }) },
    {
      name: 'change with stars',
      call: `PUT ${PATH}/other-realm`,
      body: provider({
        displayName: 'Other',
        config: { clientId: 'broker', clientSecret: '**********', issuer: 'https://sso.example.com/realms/another' },
      }),
    },
    { name: 'changed with stars', call: `GET ${PATH}/other-realm` },
    {
      name: 'change without a secret',
      call: `PUT ${PATH}/other-realm`,
      body: provider({ config: { clientId: 'broker', tokenUrl: 'https://sso.example.com/token' } }),
    },
    { name: 'changed without a secret', call: `GET ${PATH}/other-realm` },
    { name: 'change nothing that is there', call: `PUT ${PATH}/no-such`, body: provider({ alias: 'no-such' }) },
    { name: 'read nothing', call: `GET ${PATH}/no-such` },
    { name: 'delete', call: `DELETE ${PATH}/other-realm` },
    { name: 'delete again', call: `DELETE ${PATH}/other-realm` },
  ],
}

const profile = (name: string) => ({
  name,
  description: 'of the tests',
  executors: [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': false } }],
})
const policy = (parts: object = {}) => ({
  name: 'one',
  enabled: true,
  conditions: [{ condition: 'client-access-type', configuration: { type: ['confidential'] } }],
  profiles: ['one'],
  ...parts,
})

export const POLICIES: ExchangeGroup = {
  name: 'client policies',
  exchanges: [
    { name: 'a policy of no profile', call: 'PUT client-policies/policies', body: { policies: [policy()] } },
    { name: 'policies after that', call: 'GET client-policies/policies' },
    { name: 'a profile', call: 'PUT client-policies/profiles', body: { profiles: [profile('one')] } },
    { name: 'profiles after that', call: 'GET client-policies/profiles' },
    { name: 'a policy', call: 'PUT client-policies/policies', body: { policies: [policy()] } },
    { name: 'the policy', call: 'GET client-policies/policies' },
    { name: 'another profile instead', call: 'PUT client-policies/profiles', body: { profiles: [profile('two')] } },
    { name: 'the policy after that', call: 'GET client-policies/policies' },
    {
      name: 'a profile without executors',
      call: 'PUT client-policies/profiles',
      body: { profiles: [{ name: 'of others', executors: [] }] },
    },
    { name: 'profiles without executors', call: 'GET client-policies/profiles' },
    {
      name: 'an unknown executor',
      call: 'PUT client-policies/profiles',
      body: { profiles: [{ name: 'x', executors: [{ executor: 'no-such', configuration: {} }] }] },
    },
    { name: 'profiles after an unknown executor', call: 'GET client-policies/profiles' },
    {
      name: 'an unknown condition',
      call: 'PUT client-policies/policies',
      body: {
        policies: [policy({ profiles: ['of others'], conditions: [{ condition: 'no-such', configuration: {} }] })],
      },
    },
    {
      name: 'the same name twice',
      call: 'PUT client-policies/profiles',
      body: { profiles: [profile('one'), profile('one')] },
    },
    {
      name: 'the name of a global profile',
      call: 'PUT client-policies/profiles',
      body: { profiles: [profile('fapi-1-baseline')] },
    },
    {
      name: 'a policy of a global profile',
      call: 'PUT client-policies/policies',
      body: { policies: [policy({ profiles: ['fapi-1-baseline'] })] },
    },
    { name: 'no policies', call: 'PUT client-policies/policies', body: { policies: [] } },
  ],
}
