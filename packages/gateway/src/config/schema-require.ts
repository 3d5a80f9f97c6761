// Who may use a route, and where the tenant of a person comes from.
import { z } from 'zod'
import { duration, matching, nonEmpty, scopes, wholeNumber } from './schema-values.ts'

const WAYS = ['session', 'bearer'] as const

export const DEFAULT_WAYS: readonly (typeof WAYS)[number][] = ['session']

const BOOLEAN = 'true or false'
const LOGIN = 'true, false or optional'

const roleNames = z.array(nonEmpty('the name of a role')).min(1, 'at least one role')

const claimValue = z.union([z.string(), z.number(), z.boolean()], 'a text, a number, true or false')
const contextName = nonEmpty('an authentication context')

function oneOrMore<T extends z.ZodType>(value: T, expected: string) {
  const list = z.array(value).min(1, 'at least one value')
  return z.union([value.transform((one) => [one]), list], `${expected}, or a list of them`)
}

const person = z
  .strictObject({
    login: z
      .union([z.boolean(), z.literal('optional')], LOGIN)
      .optional()
      .meta({
        description:
          'Somebody must be logged in. Implied by any other rule about the person. With `optional` nobody has to be: ' +
          'whoever is not logged in goes on without a credential. Beside it stand `via` and `realms` alone.',
        'x-type': '`true`, `false` or `optional`',
      }),
    via: z
      .array(z.enum(WAYS, `one of ${WAYS.join(', ')}`))
      .min(1, 'session, bearer or both')
      .optional()
      .meta({
        description:
          "How they prove who they are: the session's cookie, or an access token of a login realm in `Authorization`. " +
          'Both at once are answered 400.',
        default: DEFAULT_WAYS,
      }),
    realms: z
      .array(nonEmpty('the name of a realm'))
      .min(1, 'at least one realm')
      .optional()
      .meta({
        description:
          'The login realms whose people count. A role that one realm grants means nothing in another, so people of ' +
          'other realms than the first one get in only where this names them.',
        'x-default': 'the first without `obtain`',
      }),
    roles: roleNames.optional().meta({ description: 'Realm roles, one of which the person must have.' }),
    allRoles: roleNames.optional().meta({ description: 'Realm roles, all of which the person must have.' }),
    clientRoles: z
      .record(matching('a client id', /^[^\s\p{Cc}]+$/u), roleNames)
      .optional()
      .meta({
        description: 'Client roles by client id; the person must have one of each client named.',
        'x-name': 'CLIENT_ID',
      }),
    scopes: scopes.min(1, 'at least one scope').optional().meta({
      description: 'Scopes of the access token, all of which are needed.',
    }),
    groups: z
      .array(matching('the path of a group, such as /staff', /^\/./))
      .min(1, 'at least one group')
      .optional()
      .meta({ description: 'Groups by their path with the leading `/`, one of which the person must be in.' }),
    tenant: z
      .boolean(BOOLEAN)
      .optional()
      .meta({ description: 'The person must have a tenant. Needs `tenant`; without one 403.' }),
    claims: z
      .record(nonEmpty('the name of a claim'), oneOrMore(claimValue, 'a text, a number, true or false'))
      .optional()
      .meta({
        description:
          'Claims and the values (text, number, `true` or `false`) one of which each must have. In a claim that is a list ' +
          'one suffices.',
        'x-type': 'mapping of names to a value or a list of values',
        'x-name': 'CLAIM',
      }),
    acr: oneOrMore(contextName, 'an authentication context').optional().meta({
      description:
        'Authentication contexts (`acr`), one of which is enough. A page is sent to log in for it, a fetch gets 401.',
    }),
    maxAge: duration('15m', { min: '1s', max: '400d' })
      .refine(Number.isInteger, 'a duration of whole seconds')
      .optional()
      .meta({
        description: 'How long ago the person may have entered credentials. A page is sent to do it again.',
        'x-type': 'duration, 1s to 400d',
      }),
  })
  .refine((rules) => Object.keys(rules).length > 0, 'none, or at least one rule such as login, roles or tenant')

const REQUIRE = 'none, or a mapping such as { login: true } or { roles: [admin] }'

export const requirement = z.union([z.literal('none', REQUIRE), person], REQUIRE)

export type ParsedRequirement = z.output<typeof requirement>
export type ParsedPerson = z.output<typeof person>

/** The rules about the person; undefined where nobody has to be logged in. */
export function personRules(rules: ParsedRequirement): ParsedPerson | undefined {
  return rules === 'none' || rules.login === false ? undefined : rules
}

export const tenant = z
  .strictObject({
    claim: nonEmpty('the name of a claim').default('organization').meta({
      description:
        "The claim with a person's tenants: a text, a list of texts, or a mapping whose keys they are, as Keycloak's organizations.",
    }),
    pathSegment: wholeNumber(1, 32).optional().meta({
      description:
        'The segment of the path that chooses among them, 1 being the first. `X-Tenant` of the request chooses when absent.',
      'x-type': 'number of a segment',
    }),
  })
  .optional()
  .meta({ description: 'Where the tenant of a person comes from. Nobody has one when absent.' })
