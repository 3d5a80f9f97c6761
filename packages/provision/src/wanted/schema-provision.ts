// provision: by which credentials realms are read and changed, and what is ours in them.
import { z } from 'zod'
import { clientId, duration, filePath, matching, name, nonEmpty, url, wholeNumber } from './schema-values.ts'

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const secret = z.strictObject({
  secret: nonEmpty('the client secret').meta({
    description: 'The secret of that client, best as `${ENV}` or `${file:PATH}`. The gateway does not need it.',
  }),
})

const privateKey = z.strictObject({
  privateKey: nonEmpty('a private key').meta({
    description: 'A PKCS #8 PEM or a JWK as JSON that signs `private_key_jwt` assertions (RFC 7523).',
  }),
  algorithm: z.enum(ALGORITHMS, `one of ${ALGORITHMS.join(', ')}`).meta({
    description: 'The signature algorithm of the assertions.',
  }),
  keyId: nonEmpty('a key id').optional().meta({ description: 'The `kid` of the assertions. None when absent.' }),
})

const kubernetesToken = z.strictObject({
  kubernetesToken: filePath.meta({
    description:
      'The file of a projected service-account token whose audience is the issuer. It is read again for each token, and ' +
      'there is no secret at all.',
  }),
})

const credential = z.strictObject({
  clientId: clientId.meta({
    description: 'A client of the realm itself with a service account; `doorman bootstrap` makes it.',
  }),
  clientAuth: z
    .union(
      [secret, privateKey, kubernetesToken],
      '{ secret: … }, { privateKey: …, algorithm: … } or { kubernetesToken: PATH }',
    )
    .meta({ description: 'How it proves to be that client.' }),
})

const realm = z.strictObject({
  adminUrl: url('a URL such as http://keycloak:8080')
    .refine((value) => !value.includes('?') && !/\/realms(\/|$)/.test(value), 'a URL without /realms/… and query')
    .optional()
    .meta({
      description: 'Where the admin interface is reached.',
      'x-type': 'URL',
      'x-default': '`realms.NAME.backchannelUrl`, else the `issuer` without `/realms/…`',
    }),
  credential: credential.meta({
    description: 'Whom the admin interface takes `doorman` for: a service account, never an administrator.',
  }),
})

export const provisionSection = z
  .strictObject({
    owner: matching('a text of up to 255 characters', /^[^\p{Cc}]{1,255}$/u)
      .optional()
      .meta({
        description:
          'Marks what is ours in a realm (attribute `doorman.owner`). Files that share a realm have different owners. ' +
          "Another owner is another file: what was marked before is then somebody else's.",
        'x-default': 'the host of `publicUrl`',
      }),
    concurrency: wholeNumber(1, 64).default(8).meta({
      description: 'Calls to the admin interface of one realm at the same time.',
      'x-type': 'number of calls',
    }),
    timeout: duration('30s', '1s', '10m').prefault('30s').meta({
      description: 'Limit of each call to the admin interface.',
    }),
    overlap: duration('2d', '1m', '90d').prefault('2d').meta({
      description: 'How long the old secret stays valid beside a rotated one, where Keycloak can do that.',
    }),
    realms: z.record(name('the name of a realm'), realm).default({}).meta({
      description: 'The realms that are compared and changed, by their keys in `realms`. Others are left alone.',
      'x-name': 'NAME',
    }),
  })
  .prefault({})
  .meta({ description: 'How `doorman plan` and `doorman apply` reach realms. The gateway does not read it.' })

export type ParsedProvision = z.output<typeof provisionSection>
