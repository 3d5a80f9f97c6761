// clients: what there must be in realms beside what the gateway needs itself.
import { z } from 'zod'
import { delivery } from './schema-deliver.ts'
import { clientId, duration, flag, matching, name, nonEmpty, origin, redirectUri, url } from './schema-values.ts'

export const PRESETS = ['service', 'web', 'spa', 'bearer'] as const

const jwksUrl = url('a URL such as https://app.example.com/jwks.json').meta({
  description: "Where Keycloak fetches the client's public keys.",
  'x-type': 'URL',
})

const auth = z
  .union(
    [
      z.literal('secret', 'secret'),
      z.strictObject({
        privateKey: z.strictObject({ jwksUrl }).meta({ description: 'Signed assertions (`private_key_jwt`).' }),
      }),
      z.strictObject({
        kubernetes: z
          .strictObject({
            identityProvider: name('the alias of an identity provider').meta({
              description: 'The alias, in the realm, of the identity provider that is the cluster.',
            }),
            subject: matching(
              'a service account such as system:serviceaccount:NAMESPACE:NAME',
              /^system:serviceaccount:[a-z\d-]+:[a-z\d.-]+$/,
            ).meta({ description: 'The service account, as `system:serviceaccount:NAMESPACE:NAME`.' }),
          })
          .meta({ description: "A pod's own token (`federated-jwt`): there is no secret at all." }),
      }),
    ],
    'secret, { privateKey: { jwksUrl: … } } or { kubernetes: { identityProvider: …, subject: … } }',
  )
  .optional()
  .meta({ description: 'How the client proves who it is.', 'x-default': '`secret`' })

const roleNames = z.array(nonEmpty('the name of a role'))
const scopeNames = z.array(name('the name of a client scope'))

const mapper = z.strictObject({
  type: matching('a mapper of Keycloak such as oidc-usermodel-attribute-mapper', /^[a-z][a-z\d-]+$/).meta({
    description: "Keycloak's name of its kind, such as `oidc-group-membership-mapper`.",
  }),
  config: z
    .record(nonEmpty('a key'), z.union([z.string(), z.number(), z.boolean()], 'a text, a number, true or false'))
    .default({})
    .meta({ description: 'Its configuration, as Keycloak exports it. A key that is not here is not there.' }),
})

const lifetimes = z
  .strictObject({
    accessToken: duration('5m', '1s', '30d').optional().meta({ description: 'Of an access token.' }),
    sessionIdle: duration('30m', '1s', '400d').optional().meta({ description: 'Of a session that nobody uses.' }),
    sessionMax: duration('12h', '1s', '400d').optional().meta({ description: 'Of a session, used or not.' }),
  })
  .optional()
  .meta({ description: "Instead of the realm's own. Keycloak refuses sessions that last longer than the realm's." })

const serviceAccountRoles = z
  .strictObject({
    realm: roleNames.default([]).meta({ description: 'Realm roles; they are made when absent.' }),
    clients: z
      .record(clientId, roleNames)
      .default({})
      .meta({ description: 'Client roles, by client id.', 'x-name': 'CLIENT_ID' }),
  })
  .optional()
  .meta({
    description:
      'Exactly the roles that its service account has, beside those that everybody has. Absent: they are not looked at, ' +
      'and not in its tokens.',
  })

const scopes = z
  .strictObject({
    default: scopeNames.optional().meta({
      description: 'Exactly these always apply. Without `basic` tokens have no `sub`.',
      'x-default': "the realm's",
    }),
    optional: scopeNames.optional().meta({
      description: 'Exactly these can be asked for.',
      'x-default': "the realm's",
    }),
  })
  .optional()
  .meta({
    description:
      'Client scopes of the client. Of the gateway they are taken to exist: those that it asks for elsewhere, and that ' +
      'are not listed here, are made.',
  })

const settings = z
  .strictObject({
    standardFlowEnabled: flag.optional().meta({ description: 'People may log in by a redirect.' }),
    implicitFlowEnabled: flag.optional().meta({ description: 'The implicit flow, which no new client should need.' }),
    serviceAccountsEnabled: flag.optional().meta({ description: 'It may have tokens of its own.' }),
    fullScopeAllowed: flag.optional().meta({ description: 'Its tokens name every role of the person.' }),
    frontchannelLogout: flag.optional().meta({ description: 'A logout goes through the browser.' }),
    clientAuthenticatorType: name('an authenticator such as client-x509').optional().meta({
      description: 'A way of proving who it is that `auth` has no word for, such as `client-x509`.',
    }),
  })
  .default({})
  .meta({ description: "Instead of the preset's, by Keycloak's own names: for clients that were there before." })

const attributes = z
  .record(
    matching('an attribute that is neither ours nor secret', /^(?!doorman\.|client\.secret\.)[^\s\p{Cc}]{1,255}$/u),
    z.string('a text'),
  )
  .default({})
  .meta({
    description:
      "Further attributes, by Keycloak's own names. An empty text: it must not be set. Others that it has stay.",
    'x-name': 'ATTRIBUTE',
  })

export const clientItem = z.strictObject({
  clientId: clientId.optional().meta({ description: 'Its client id.', 'x-default': 'the key itself' }),
  realm: name('a key of realms').optional().meta({
    description: 'Its realm: a key of `realms`.',
    'x-default': 'the first without `obtain`',
  }),
  preset: z
    .enum(PRESETS, `one of ${PRESETS.join(', ')}`)
    .optional()
    .meta({
      description:
        '`service`: confidential, its service account alone. `web`: confidential, people log in, PKCE is enforced. `spa`: ' +
        'public, people log in, PKCE is enforced. `bearer`: an audience of tokens that never asks for one.',
      'x-default': '`service`; nothing for a client that `realms` or `services` make',
    }),
  adopt: flag.default(false).meta({
    description: 'A client of that name that is not ours is taken over. `doorman plan` shows every difference first.',
  }),
  enabled: flag.optional().meta({ description: 'Whether it may do anything.', 'x-default': '`true`' }),
  name: nonEmpty('a name').optional().meta({ description: 'What people see on pages of Keycloak.' }),
  description: nonEmpty('a description').optional().meta({ description: 'For administrators.' }),
  redirectUris: z.array(redirectUri).optional().meta({
    description: 'Where browsers may come back to after a login; the first one is `{{redirectUri}}`.',
  }),
  postLogoutRedirectUris: z.array(redirectUri).optional().meta({
    description: 'Where browsers may come back to after a logout.',
  }),
  webOrigins: z.array(origin).optional().meta({
    description: 'Origins whose pages may call Keycloak (CORS). `+` stands for those of `redirectUris`.',
    'x-default': 'for `spa` those of `redirectUris`',
  }),
  backchannelLogoutUrl: url('a URL such as http://app:8080/backchannel-logout').optional().meta({
    description: 'Where Keycloak says that a session has ended, with its `sid`. It must be reachable from Keycloak.',
    'x-type': 'URL',
  }),
  directAccessGrants: flag.optional().meta({
    description: 'The password grant, which no new client should need.',
    'x-default': '`false`',
  }),
  auth,
  audiences: z.array(clientId).default([]).meta({
    description: 'Client ids that are in the `aud` of its access tokens, each by a mapper.',
  }),
  mappers: z
    .record(nonEmpty('the name of a mapper'), mapper)
    .default({})
    .meta({ description: 'Protocol mappers. Others that it has stay.', 'x-name': 'MAPPER' }),
  scopes,
  roles: roleNames.default([]).meta({ description: 'Client roles to make.' }),
  serviceAccountRoles,
  lifetimes,
  settings,
  attributes,
  rotate: duration('30d', '1h', '3650d').optional().meta({
    description: 'How old its secret may become before `doorman secret rotate` is due. Absent: any age.',
  }),
  deliver: z.array(delivery).default([]).meta({ description: 'Where its secret and addresses are written.' }),
})

export const clientsSection = z
  .record(clientId, clientItem)
  .prefault({})
  .meta({
    description:
      'Clients beside those that the gateway needs. The key is the client id. An entry for a client that `realms` or ' +
      '`services` make adds to it.',
    'x-name': 'CLIENT',
  })

export type ParsedClient = z.output<typeof clientItem>
export type ParsedClients = z.output<typeof clientsSection>
