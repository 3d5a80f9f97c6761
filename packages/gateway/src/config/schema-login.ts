// login, endpoints and user: what a browser may ask the gateway itself.
import { z } from 'zod'
import type { EndpointPaths } from './gateway-config.ts'
import { aliases, alsoGet } from './schema-aliases.ts'
import { loginLimit } from './schema-limit.ts'
import { allowedValues, duration, flag, nonEmpty, onePath, wholeNumber } from './schema-values.ts'

// What can strand a person on an error page of the realm, or start something in the account, is off by default.
const parameters = z
  .strictObject({
    kc_idp_hint: allowedValues([]).meta({ description: 'The identity provider to log in with, by its alias.' }),
    force: allowedValues('any').meta({ description: '`force=true` asks for credentials again (`prompt=login`).' }),
    prompt: allowedValues(['login', 'none']).meta({ description: '`prompt` of OpenID Connect.' }),
    max_age: allowedValues('any').meta({ description: 'Seconds since the last entry of credentials.' }),
    login_hint: allowedValues('any').meta({ description: 'The user name to fill in.' }),
    ui_locales: allowedValues('any').meta({ description: "Languages of the realm's pages." }),
    acr_values: allowedValues([]).meta({ description: 'Authentication contexts; the answer is judged in the token.' }),
    kc_action: allowedValues([]).meta({ description: 'A required action of Keycloak, such as `UPDATE_PASSWORD`.' }),
  })
  .prefault({})
  .meta({
    description:
      'Which parameters `/auth/login` takes: `any` value, or one of a list; `[]` refuses it. Others are answered 400.',
  })

export const login = z
  .strictObject({
    parameters,
    maxAttempts: wholeNumber(1, 20).default(5).meta({
      description: 'Logins in progress one browser may have; the oldest goes first.',
      'x-type': 'number of logins',
    }),
    attemptLifetime: duration('10m', { min: '1s', max: '1h' }).prefault('10m').meta({
      description: 'How long a login may take.',
    }),
    limit: loginLimit.prefault({ rate: '600/min', burst: 200, by: 'ip' }).meta({
      description: 'How many requests of one address login and callback take. `false` for any number.',
    }),
    appendSid: flag(
      "Come back from a login with `sid` added to `return_to`: the session's public handle, which opens nothing. For " +
        'front ends that wait for one.',
    ),
  })
  .prefault({})
  .meta({ description: 'How people log in.' })

function endpoint(initial: string, description: string) {
  return onePath(initial).prefault(initial).meta({ description, 'x-type': 'path' })
}

const paths = {
  login: endpoint('/auth/login', 'Starts a login.'),
  callback: endpoint('/auth/callback', 'Finishes it. The redirect URI of the client in the realm.'),
  user: endpoint('/auth/user', 'Says who is logged in.'),
  refresh: endpoint('/auth/refresh', 'Renews the access token now.'),
  logout: endpoint('/auth/logout', 'Ends the session.'),
  loggedOut: endpoint('/auth/logged-out', 'Where the realm sends browsers back to. The post-logout redirect URI.'),
  backchannelLogout: endpoint('/auth/backchannel-logout', 'Where realms say that a session has ended.'),
  events: endpoint('/auth/events', 'Tells the tabs of a browser what becomes of its session.'),
  sessions: endpoint('/auth/sessions', 'Shows people their sessions, and ends them.'),
  token: endpoint(
    '/auth/token',
    "Gives services tokens: below it, by the realm's name, that of a second realm, and by `services/` and the " +
      "service's name, that of a service they call.",
  ),
  jwks: endpoint('/.well-known/jwks.json', 'The public keys of internal tokens.'),
  issuerMetadata: endpoint(
    '/.well-known/openid-configuration',
    'Metadata of the gateway as issuer of internal tokens.',
  ),
} satisfies Record<keyof EndpointPaths, z.ZodType>

export const endpoints = z
  .strictObject({ ...paths, aliases, alsoGet })
  .prefault({})
  .meta({ description: "Paths of the gateway's own endpoints. No route may stand at one of them or below `/auth`." })

const SHOWN_CLAIMS = [
  'sub',
  'name',
  'preferred_username',
  'given_name',
  'family_name',
  'email',
  'email_verified',
  'picture',
  'locale',
]

export const user = z
  .strictObject({
    claims: z.array(nonEmpty('the name of a claim')).default(SHOWN_CLAIMS).meta({
      description: 'Claims of the ID token that `/auth/user` shows.',
    }),
    anonymous: z.literal([401, 200], '401 or 200').default(401).meta({
      description: 'The status when nobody is logged in: `401` with a problem document, or `200` with `null`.',
    }),
  })
  .prefault({})
  .meta({ description: 'What `/auth/user` says.' })
