import type { Exchange, ExchangeGroup } from './exchange.ts'

const TOKEN = 'POST /realms/{realm}/protocol/openid-connect/token'
const FIELDS = [
  'error',
  'error_description',
  'expires_in',
  'refresh_expires_in',
  'token_type',
  'scope',
  'not-before-policy',
]

const obtain = (name: string, form: Readonly<Record<string, string>>): Exchange => ({
  name,
  call: TOKEN,
  form: { grant_type: 'client_credentials', ...form },
  fields: FIELDS,
})
const job = { client_id: 'job', client_secret: 'secret one' }
const add = (body: { readonly clientId: string; readonly [name: string]: unknown }): Exchange => ({
  name: `create ${body.clientId}`,
  call: 'POST clients',
  body,
  keep: { [body.clientId]: 'location' },
})

export const TOKENS: ExchangeGroup = {
  name: 'tokens',
  exchanges: [
    add({ clientId: 'job', secret: 'secret one', serviceAccountsEnabled: true }),
    add({ clientId: 'idle', secret: 'secret one' }),
    add({ clientId: 'spa', publicClient: true }),
    add({ clientId: 'off', secret: 'secret one', serviceAccountsEnabled: true, enabled: false }),
    obtain('with the secret', job),
    obtain('with a wrong secret', { ...job, client_secret: 'wrong' }),
    obtain('without a secret', { client_id: 'job' }),
    obtain('unknown client', { ...job, client_id: 'no-such' }),
    obtain('no client', {}),
    obtain('disabled client', { ...job, client_id: 'off' }),
    obtain('service account off', { ...job, client_id: 'idle' }),
    obtain('public client', { client_id: 'spa' }),
    obtain('unknown scope', { ...job, scope: 'no-such' }),
    obtain('a scope of the client', { ...job, scope: 'openid' }),
    obtain('unknown grant', { ...job, grant_type: 'no-such' }),
    { name: 'no grant', call: TOKEN, form: job },
    {
      name: 'no such realm',
      call: 'POST /realms/no-such/protocol/openid-connect/token',
      form: { grant_type: 'client_credentials', ...job },
    },
    { name: 'GET of the token endpoint', call: 'GET /realms/{realm}/protocol/openid-connect/token', as: 'nobody' },
    {
      name: 'password of the administrator',
      call: 'POST /realms/master/protocol/openid-connect/token',
      form: { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' },
      fields: ['expires_in', 'token_type', 'scope'],
    },
    {
      name: 'wrong password',
      call: 'POST /realms/master/protocol/openid-connect/token',
      form: { grant_type: 'password', client_id: 'admin-cli', username: 'no-such', password: 'wrong' },
      fields: FIELDS,
    },
    {
      name: 'password grant not enabled',
      call: TOKEN,
      form: { grant_type: 'password', ...job, username: 'x', password: 'x' },
      fields: FIELDS,
    },
    {
      name: 'a lifetime of its own',
      call: 'PUT clients/{job}',
      body: { attributes: { 'access.token.lifespan': '120' } },
    },
    obtain('with a lifetime of its own', job),
    { name: 'disable', call: 'PUT clients/{job}', body: { enabled: false } },
    obtain('disabled now', job),
    { name: 'disable the realm', call: 'PUT ', body: { enabled: false } },
    obtain('in a disabled realm', job),
  ],
}
