import type { Exchange, ExchangeGroup } from './exchange.ts'

const POLICY = {
  profiles: [
    {
      name: 'rotate',
      executors: [
        {
          executor: 'secret-rotation',
          configuration: {
            'expiration-period': 315360000,
            'rotated-expiration-period': 3600,
            'remaining-rotation-period': 0,
          },
        },
      ],
    },
  ],
}
const rotating = (attributes: string) => ({
  policies: [
    {
      name: 'rotate',
      enabled: true,
      conditions: [
        { condition: 'client-access-type', configuration: { type: ['confidential'] } },
        { condition: 'client-attributes', configuration: { attributes } },
      ],
      profiles: ['rotate'],
    },
  ],
})

const obtain = (name: string, secret: string): Exchange => ({
  name,
  call: 'POST /realms/{realm}/protocol/openid-connect/token',
  form: { grant_type: 'client_credentials', client_id: 'job', client_secret: secret },
  fields: ['error', 'error_description', 'token_type'],
})
const put = (name: string, body: unknown): Exchange => ({ name, call: 'PUT clients/{job}', body })
const read = (name: string): Exchange => ({ name, call: 'GET clients/{job}/client-secret' })
const attributes = (name: string): Exchange => ({ name, call: 'GET clients/{job}', fields: ['attributes', 'secret'] })

const create = (parts: object = {}): Exchange => ({
  name: 'create',
  call: 'POST clients',
  body: { clientId: 'job', secret: 'secret one', serviceAccountsEnabled: true, standardFlowEnabled: false, ...parts },
  keep: { job: 'location' },
})

export const SECRETS: ExchangeGroup = {
  name: 'secrets',
  exchanges: [
    create(),
    read('read'),
    attributes('attributes at first'),
    obtain('a token with it', 'secret one'),
    { name: 'make another', call: 'POST clients/{job}/client-secret', keep: { second: 'value' } },
    read('read the other'),
    attributes('attributes after that'),
    obtain('a token with the first', 'secret one'),
    obtain('a token with the second', '{second}'),
    { name: 'rotated one', call: 'GET clients/{job}/client-secret/rotated' },
    { name: 'end the rotated one', call: 'DELETE clients/{job}/client-secret/rotated' },
    put('a PUT without a secret', { description: 'x' }),
    read('the secret after it'),
    put('a PUT of stars', { secret: '**********' }),
    read('the secret after stars'),
    obtain('a token with stars', '**********'),
    put('a PUT of nothing', { secret: '' }),
    read('the secret after nothing'),
    obtain('a token with nothing', ''),
    put('a PUT of a secret', { secret: 'chosen' }),
    read('the secret after a PUT of it'),
    put('public', { publicClient: true }),
    read('the secret of a public client'),
    attributes('a public client'),
    put('and back', { publicClient: false }),
    { name: 'the secret after that', call: 'GET clients/{job}/client-secret', keep: { back: 'value' } },
    obtain('a token with the secret before', 'chosen'),
    obtain('a token with the new one', '{back}'),
    { name: 'make a secret where nothing is', call: 'POST clients/no-such/client-secret' },
    { name: 'read a secret where nothing is', call: 'GET clients/no-such/client-secret' },
  ],
}

export const ROTATION: ExchangeGroup = {
  name: 'rotation',
  exchanges: [
    create({ attributes: { 'doorman.owner': 'shop' } }),
    {
      name: 'create another client',
      call: 'POST clients',
      body: { clientId: 'other', secret: 'secret of the other' },
      keep: { other: 'location' },
    },
    {
      name: 'create a third client',
      call: 'POST clients',
      body: { clientId: 'third', secret: 'secret of the third', attributes: { 'doorman.owner': 'shop' } },
      keep: { thirdClient: 'location' },
    },
    {
      name: 'create one with a secret of Keycloak',
      call: 'POST clients',
      body: { clientId: 'made', attributes: { 'doorman.owner': 'shop' } },
      keep: { made: 'location' },
    },
    {
      name: 'create one to take over',
      call: 'POST clients',
      body: { clientId: 'adopted', secret: 'known to others' },
      keep: { adopted: 'location' },
    },
    { name: 'a profile', call: 'PUT client-policies/profiles', body: POLICY },
    { name: 'the profile', call: 'GET client-policies/profiles' },
    {
      name: 'a policy',
      call: 'PUT client-policies/policies',
      body: rotating('[{"key":"doorman.owner","value":"shop"}]'),
    },
    { name: 'the policy', call: 'GET client-policies/policies' },
    attributes('attributes at first'),
    put('a PUT before any rotation', { description: 'x' }),
    attributes('attributes after a PUT'),
    put('a PUT of a secret before any rotation', { secret: 'secret one' }),
    {
      name: 'a PUT with attributes before any rotation',
      call: 'PUT clients/{thirdClient}',
      body: { attributes: { 'doorman.owner': 'shop' } },
    },
    { name: 'attributes after that PUT', call: 'GET clients/{thirdClient}', fields: ['attributes', 'secret'] },
    { name: 'a PUT of one with a secret of Keycloak', call: 'PUT clients/{made}', body: { description: 'x' } },
    { name: 'a PUT of it with no attribute', call: 'PUT clients/{made}', body: { attributes: {} } },
    { name: 'attributes after no attribute', call: 'GET clients/{made}', fields: ['attributes', 'secret'] },
    {
      name: 'take one over',
      call: 'PUT clients/{adopted}',
      body: { description: 'x', attributes: { 'doorman.owner': 'shop' } },
    },
    { name: 'taken over', call: 'GET clients/{adopted}', fields: ['attributes', 'secret'] },
    { name: 'a PUT after that', call: 'PUT clients/{adopted}', body: { description: 'y' } },
    put('a PUT with the time of the secret', { attributes: { 'client.secret.creation.time': '1700000000' } }),
    attributes('attributes after the time of the secret'),
    { name: 'no rotated one', call: 'GET clients/{job}/client-secret/rotated' },
    { name: 'make a second', call: 'POST clients/{job}/client-secret', keep: { second: 'value' } },
    attributes('attributes after that'),
    { name: 'the rotated one', call: 'GET clients/{job}/client-secret/rotated' },
    obtain('a token with the first', 'secret one'),
    obtain('a token with the second', '{second}'),
    put('an unchanged PUT', { description: 'x' }),
    attributes('attributes after it'),
    obtain('a token with the first after it', 'secret one'),
    { name: 'make a third', call: 'POST clients/{job}/client-secret', keep: { third: 'value' } },
    obtain('the first after a third', 'secret one'),
    obtain('the second after a third', '{second}'),
    obtain('the third', '{third}'),
    { name: 'end the rotated one', call: 'DELETE clients/{job}/client-secret/rotated' },
    attributes('attributes after its end'),
    obtain('the second after its end', '{second}'),
    { name: 'no rotated one any more', call: 'GET clients/{job}/client-secret/rotated' },
    { name: 'make a fourth', call: 'POST clients/{job}/client-secret', keep: { fourth: 'value' } },
    put('a PUT of a secret', { secret: 'chosen' }),
    attributes('attributes after a chosen secret'),
    obtain('the fourth after a chosen secret', '{fourth}'),
    obtain('the chosen secret', 'chosen'),
    { name: 'rotate a client of others', call: 'POST clients/{other}/client-secret', keep: { otherSecond: 'value' } },
    { name: 'attributes of others', call: 'GET clients/{other}', fields: ['attributes', 'secret'] },
    { name: 'no rotated one of others', call: 'GET clients/{other}/client-secret/rotated' },
    {
      name: 'create under the policy',
      call: 'POST clients',
      body: { clientId: 'new', attributes: { 'doorman.owner': 'shop' } },
      keep: { new: 'location' },
    },
    { name: 'created under the policy', call: 'GET clients/{new}', fields: ['attributes', 'secret'] },
    {
      name: 'create under the policy with a secret',
      call: 'POST clients',
      body: { clientId: 'new2', secret: 'of its own', attributes: { 'doorman.owner': 'shop' } },
      keep: { newer: 'location' },
    },
    { name: 'created under the policy with a secret', call: 'GET clients/{newer}', fields: ['attributes', 'secret'] },
    { name: 'a PUT of one created with a secret', call: 'PUT clients/{newer}', body: { description: 'x' } },
    { name: 'a PUT of one created without', call: 'PUT clients/{new}', body: { description: 'x' } },
    { name: 'a PUT of a client of others', call: 'PUT clients/{other}', body: { description: 'x' } },
    obtain('the secret rotated before it', '{third}'),
    { name: 'rotate again', call: 'POST clients/{job}/client-secret', keep: { again: 'value' } },
    { name: 'no policy', call: 'PUT client-policies/policies', body: { policies: [] } },
    obtain('the rotated one without a policy', 'chosen'),
    put('a PUT without a policy', { description: 'x' }),
    attributes('attributes after a PUT without a policy'),
    { name: 'make one without a policy', call: 'POST clients/{job}/client-secret', keep: { fifth: 'value' } },
    attributes('attributes without a policy'),
    obtain('the chosen secret without a policy', 'chosen'),
  ],
}
