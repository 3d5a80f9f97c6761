// What a service receives in `Authorization`, and how the tokens we sign ourselves are made.
import { z } from 'zod'
import { RESERVED_CLAIMS } from '../kernel/reserved-claims.ts'
import { checked, duration, localName, names, nonEmpty, scopes } from './schema-values.ts'

const claimName = checked(
  `the name of a claim, other than ${RESERVED_CLAIMS.join(', ')}`,
  (name) => name !== '' && !RESERVED_CLAIMS.includes(name),
)

const ROLES = 'all, or a list of realm roles'

const internalSettings = z.strictObject({
  audience: nonEmpty('an audience').optional().meta({
    description: '`aud` of the token: whom it is for.',
    'x-default': "the service's name",
  }),
  roles: z
    .union([z.literal('all', ROLES), names('the name of a role')], ROLES)
    .default('all')
    .meta({ description: 'Realm roles the service is told: `all`, or those of a list which the person has.' }),
  clientRoles: names('a client id')
    .default([])
    .meta({ description: 'Ids of the clients whose roles the service is told.' }),
  claims: z.array(claimName).default([]).meta({
    description: 'Claims of the person the service is told.',
  }),
})

const internal = z
  .strictObject({
    internal: internalSettings.meta({
      description: 'A short-lived token the gateway signs for this one audience. `internal` alone takes every default.',
    }),
  })
  .transform(({ internal: { audience, roles, clientRoles, claims } }) => {
    return { kind: 'internal', audience, roles, clientRoles, claims } as const
  })

const exchange = z
  .strictObject({
    exchange: z
      .strictObject({
        audience: nonEmpty('an audience').meta({ description: 'The client in the realm that the token is for.' }),
        scope: scopes.default([]).meta({ description: 'Scopes to ask for.' }),
      })
      .meta({ description: "The person's token for an audience, by OAuth 2.0 Token Exchange (RFC 8693)." }),
  })
  .transform(({ exchange: { audience, scope } }) => ({ kind: 'exchange', audience, scopes: scope }) as const)

const serviceAccount = z
  .strictObject({
    serviceAccount: z
      .strictObject({ scope: scopes.default([]).meta({ description: 'Scopes to ask for.' }) })
      .meta({ description: "The gateway's own token (client credentials). `serviceAccount` alone asks for no scope." }),
  })
  .transform(({ serviceAccount: { scope } }) => ({ kind: 'serviceAccount', scopes: scope }) as const)

const ofRealm = z
  .strictObject({
    realm: localName.meta({ description: 'A token of a second realm: a key of `realms` that has `obtain`.' }),
  })
  .transform(({ realm }) => ({ kind: 'realm', realm }) as const)

const WORDS = ['internal', 'accessToken', 'serviceAccount', 'none'] as const
const CREDENTIAL =
  `${WORDS.join(', ')}, or one of the mappings { internal: … }, { exchange: { audience: … } }, ` +
  '{ serviceAccount: … }, { realm: NAME }'

const word = z.enum(WORDS, CREDENTIAL).transform((kind) => {
  if (kind === 'internal') return internal.parse({ internal: {} })
  return kind === 'serviceAccount' ? serviceAccount.parse({ serviceAccount: {} }) : ({ kind } as const)
})

export const credential = z.union([word, internal, exchange, serviceAccount, ofRealm], CREDENTIAL)

export type ParsedCredential = z.output<typeof credential>

const SIGNING = ['RS256', 'ES256', 'EdDSA'] as const

export const internalTokens = z
  .strictObject({
    algorithm: z
      .enum(SIGNING, `one of ${SIGNING.join(', ')}`)
      .default('RS256')
      .meta({
        description: 'How they are signed. `RS256` is the cheapest to verify, and every library takes it.',
      }),
    life: duration('60s', { min: '10s', max: '300s' })
      .refine(Number.isInteger, 'a duration of whole seconds')
      .prefault('60s')
      .meta({
        description: 'How long one is taken: the longest time a service goes on after a logout.',
        'x-type': 'duration, 10s to 300s',
      }),
  })
  .prefault({})
  .meta({ description: 'The tokens the gateway signs itself: `credential: internal`.' })
