// How a token of a second realm is had.
import { z } from 'zod'
import { nonEmpty, scopes } from './schema-values.ts'

const clientCredentials = z
  .strictObject({
    clientCredentials: z.strictObject({}).meta({
      description: "The gateway's own token there. `clientCredentials` alone is the same.",
    }),
  })
  .transform(() => ({ kind: 'clientCredentials' }) as const)

const jwtGrant = z
  .strictObject({
    jwtGrant: z
      .strictObject({
        audience: nonEmpty('an audience').optional().meta({
          description: 'What the token exchanged in the login realm is for.',
          'x-default': "this realm's `issuer`",
        }),
        scope: scopes.default([]).meta({ description: 'Scopes to ask the login realm for in that exchange.' }),
      })
      .meta({
        description:
          "As the person: their token, exchanged in the login realm for this realm's audience, is presented here " +
          '(RFC 7523). `jwtGrant` alone takes every default.',
      }),
  })
  .transform(({ jwtGrant: { audience, scope } }) => ({ kind: 'jwtGrant', audience, exchangeScopes: scope }) as const)

const login = z
  .strictObject({
    login: z
      .strictObject({
        identityProvider: nonEmpty('the alias of an identity provider').optional().meta({
          description: 'The alias, in this realm, of the identity provider that is the login realm (`kc_idp_hint`).',
        }),
      })
      .meta({ description: 'As the person, by a second login. `login` alone names no identity provider.' }),
  })
  .transform(({ login: { identityProvider = null } }) => ({ kind: 'login', identityProvider }) as const)

const WORDS = ['clientCredentials', 'jwtGrant', 'login'] as const
const OBTAIN = `${WORDS.join(', ')}, or one of the mappings { jwtGrant: … }, { login: … }`

const word = z.enum(WORDS, OBTAIN).transform((kind) => {
  if (kind === 'jwtGrant') return jwtGrant.parse({ jwtGrant: {} })
  return kind === 'login' ? login.parse({ login: {} }) : ({ kind } as const)
})

export const obtain = z.union([word, jwtGrant, login, clientCredentials], OBTAIN)
