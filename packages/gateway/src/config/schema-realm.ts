// realms: those people log in to, and those whose tokens are had for them.
import { z } from 'zod'
import { algorithm, clientAuth } from './schema-auth.ts'
import { obtain } from './schema-obtain.ts'
import { duration, flag, localName, matching, origin, scopes } from './schema-values.ts'

const ISSUER = 'an issuer such as https://sso.example.com/realms/main: no trailing slash, query or fragment'
const DISCOVERY_SUFFIX = /\/\.well-known\/openid-configuration$/

const issuer = z
  .string(ISSUER)
  .refine((value) => !DISCOVERY_SUFFIX.test(value), {
    message: 'the issuer itself, without /.well-known/openid-configuration',
    abort: true,
  })
  .refine(isIssuer, ISSUER)

// Compared byte by byte with what the realm says (OpenID Connect Discovery 1.0 section 4.3), so nothing is normalised.
function isIssuer(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return false
  return !/[?#\s\\]/.test(value) && !value.endsWith('/')
}

const realm = z.strictObject({
  issuer: issuer.meta({ description: 'The realm, exactly as its tokens name it in `iss`.', 'x-type': 'URL' }),
  backchannelUrl: origin('http://keycloak:8080')
    .optional()
    .meta({
      description:
        'Where the gateway reaches Keycloak when the issuer is not reachable from here. Browsers and `iss` keep the issuer. ' +
        'Keycloak then needs `KC_HOSTNAME` and `KC_HOSTNAME_BACKCHANNEL_DYNAMIC=true`.',
    }),
  clientId: matching('a client id', /^[^\s\p{Cc}]+$/u).meta({ description: 'The client of the gateway in the realm.' }),
  clientAuth: clientAuth.meta({
    description: 'How the gateway proves to be its client. A public client is not supported.',
  }),
  scopes: scopes.optional().meta({
    description: 'What is asked for. Must contain `openid` where people log in, `obtain: login` included.',
    'x-default': '`[openid, profile, email]` where people log in, else `[]`',
  }),
  obtain: obtain.optional().meta({
    description: 'How a token of this realm is had for people of the login realm. Absent: people log in to this one.',
  }),
  services: z.array(localName).default([]).meta({
    description:
      'Services that may ask for tokens of this realm at `POST /auth/token/NAME`. Each needs `services.NAME.auth`.',
  }),
  dangerouslyGiveToBrowser: flag(
    "`GET /auth/token/NAME` gives the person's own pages their token of this realm. The one way by which a token leaves " +
      'the server; never one of a service account.',
  ),
  introspect: flag(
    'Ask this realm about each bearer token, too (RFC 7662): for tokens that are opaque or lightweight, or revoked early.',
  ),
  idTokenAlgorithms: z
    .array(algorithm)
    .min(1, 'at least one algorithm')
    .default(['RS256'])
    .meta({ description: 'The only algorithms an ID token may be signed with.' }),
  timeout: duration('5s', { min: '1ms', max: '1m' })
    .prefault('5s')
    .meta({ description: 'Limit of every call to the realm.' }),
  clockSkew: duration('30s', { min: '0s', max: '5m' })
    .prefault('30s')
    .meta({ description: 'By how much the clocks of gateway and realm may differ.' }),
})

export const realms = z.record(localName, realm).meta({
  description:
    'The realms, under local names of your choice (the realm itself is in `issuer`). People log in to the first one ' +
    'without `obtain`, unless their front end names another.',
  'x-name': 'NAME',
})

export const realmItem = realm

export type ParsedRealm = z.output<typeof realm>

/** Where people log in, what is asked for must be an OpenID Connect login. */
export const LOGIN_SCOPES: readonly string[] = ['openid', 'profile', 'email']
