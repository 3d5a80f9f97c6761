// Who proves what to whom: the gateway to a realm, a service to the gateway.
import { z } from 'zod'
import type { ServiceAuth, SignatureAlgorithm } from './gateway-config.ts'
import { keyFits, readPrivateKey, readPublicKey } from './key-text.ts'
import { checked, nonEmpty } from './schema-values.ts'

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

export const algorithm = z.enum(ALGORITHMS, `one of ${ALGORITHMS.join(', ')}`)

const clientSecret = z.strictObject({
  secret: nonEmpty('the client secret').meta({
    description:
      'The client secret, best as `${ENV}` or `${file:PATH}`. A file may be replaced while the gateway runs: it is read ' +
      'again every second it is needed, and at once when the realm refuses the secret; the one before it is still tried.',
  }),
})

const clientKey = z
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

const CLIENT_AUTH = '{ secret: … } or { privateKey: …, algorithm: … }'

export const clientAuth = z.union([clientSecret, clientKey], CLIENT_AUTH)

const MIN_SECRET_CHARACTERS = 16

const serviceSecret = z
  .strictObject({
    secret: checked(
      `a secret of at least ${MIN_SECRET_CHARACTERS} characters`,
      ({ length }) => length >= MIN_SECRET_CHARACTERS,
    ).meta({
      description: 'A secret of at least 16 characters that only this service has, best as `${ENV}` or `${file:PATH}`.',
    }),
  })
  .transform((auth): ServiceAuth => ({ kind: 'secret', ...auth }))

const serviceKey = z
  .strictObject({
    publicKey: nonEmpty('a public key').meta({
      description: "A PEM (`BEGIN PUBLIC KEY`) or a JWK as JSON that verifies the service's assertions (RFC 7523).",
    }),
    algorithm: algorithm.meta({ description: "The signature algorithm of the service's assertions." }),
  })
  .superRefine(({ publicKey, algorithm }, context) => {
    const key = readPublicKey(publicKey)
    const fits = key !== undefined && keyFits(key, algorithm)
    const message = key === undefined ? 'a public key as PEM or JWK' : `a public key for ${algorithm}`
    if (!fits) context.addIssue({ code: 'custom', path: ['publicKey'], message })
  })
  .transform((auth): ServiceAuth => ({ kind: 'publicKey', ...auth }))

const SERVICE_AUTH = '{ secret: … } or { publicKey: …, algorithm: … }'

export const serviceAuth = z.union([serviceSecret, serviceKey], SERVICE_AUTH)
