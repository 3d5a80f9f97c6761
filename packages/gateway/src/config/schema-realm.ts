// realms: the Keycloak realm people log in to.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { SignatureAlgorithm } from './gateway-config.ts'
import { duration, localName, matching, nonEmpty, origin } from './schema-values.ts'

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const satisfies readonly SignatureAlgorithm[]

const algorithm = z.enum(ALGORITHMS, `one of ${ALGORITHMS.join(', ')}`)

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

const secretAuth = z.strictObject({
  secret: nonEmpty('the client secret').meta({ description: 'The client secret, best as `${ENV}` or `${file:PATH}`.' }),
})

const privateKeyAuth = z
  .strictObject({
    privateKey: nonEmpty('a private key').meta({
      description: 'A PKCS #8 PEM or a JWK as JSON that signs `private_key_jwt` assertions (RFC 7523).',
    }),
    algorithm: algorithm.meta({ description: 'The signature algorithm of the assertions.' }),
    keyId: nonEmpty('a key id').optional().meta({ description: 'The `kid` of the assertions. None when absent.' }),
  })
  .superRefine(({ privateKey, algorithm }, context) => {
    const key = readPrivateKey(privateKey)
    const fits = key !== undefined && keyFits(key, algorithm)
    const message = key === undefined ? 'a PKCS #8 PEM or a private JWK' : `a private key for ${algorithm}`
    if (!fits) context.addIssue({ code: 'custom', path: ['privateKey'], message })
  })

function readPrivateKey(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
      : createPrivateKey(text)
  } catch {
    return undefined
  }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

function keyFits(key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  const curve = CURVES[algorithm]
  if (curve !== undefined) return key.asymmetricKeyDetails?.namedCurve === curve
  return key.asymmetricKeyType === (algorithm === 'EdDSA' ? 'ed25519' : 'rsa')
}

const CLIENT_AUTH = '{ secret: … } or { privateKey: …, algorithm: … }'

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
  clientAuth: z.union([secretAuth, privateKeyAuth], CLIENT_AUTH).meta({
    description: 'How the gateway proves to be its client. A public client is not supported.',
  }),
  scopes: z
    .array(matching('a scope', /^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .refine((scopes) => scopes.includes('openid'), 'a list that contains openid')
    .default(['openid', 'profile', 'email'])
    .meta({ description: 'What a login asks for. Must contain `openid`.' }),
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
    'The realm people log in to, under a local name of your choice (the realm itself is in `issuer`). Exactly one.',
  'x-name': 'NAME',
})

export type ParsedRealm = z.output<typeof realm>
