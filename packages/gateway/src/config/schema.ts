// Every key of doorman.yaml with its type, unit, default and description. The documentation and the JSON Schema are
// generated from here; no other module has a default.
import { z } from 'zod'
import { internalTokens } from './schema-credential.ts'
import { limit } from './schema-limit.ts'
import { endpoints, login, user } from './schema-login.ts'
import { realms } from './schema-realm.ts'
import { tenant } from './schema-require.ts'
import { routeList, services } from './schema-routes.ts'
import { logout, refresh, session } from './schema-session.ts'
import { addressBlock, filePath, listenAddress, localName, matching, onePath, origin, parsed } from './schema-values.ts'

const operator = z
  .strictObject({
    listen: listenAddress('127.0.0.1:4001')
      .prefault('127.0.0.1:4001')
      .meta({ description: 'Address of `/healthz`, `/readyz` and `/metrics`. Port 0 picks a free one.' }),
    probes: listenAddress('0.0.0.0:4002').optional().meta({
      description:
        'One more listener, for `/healthz` and `/readyz` alone. `operator.listen` goes on answering them, too.',
    }),
    tokenFile: filePath.optional().meta({
      description:
        'A file with a bearer token of at least 32 characters, made at the first start when absent. Whoever asks for anything but the probes then sends it. Without it there is no `POST /explain`, and `/metrics` is open.',
    }),
  })
  .prefault({})
  .meta({ description: 'The listener for those who run the gateway. Never published to browsers.' })

const keys = z
  .array(parsed('the text of sealing keys or ${file:PATH}', parseKeySource))
  .min(1, 'at least one key')
  .prefault(['${file:.doorman/keys}'])
  .meta({
    description:
      'The ring of keys that seals session records, oldest first; the newest seals, all of them open. ' +
      'A `${file:PATH}` that stands alone and is absent is made at the first start.',
  })

const cookies = z
  .strictObject({
    prefix: z.enum(['__Host-Http-', '__Host-'], '__Host-Http- or __Host-').default('__Host-Http-').meta({
      description:
        'What the browser is asked to enforce. Cannot be set where `publicUrl` is `http:`: names are plain there.',
    }),
    name: matching('a name of letters, digits and -', /^[a-z][a-z0-9-]{0,40}$/i)
      .default('doorman')
      .meta({
        description: "The cookie's name after the prefix.",
      }),
  })
  .prefault({})
  .meta({
    description:
      'The cookies of the gateway. All are HttpOnly, host-only and `SameSite=Lax` (`None` where a front end is on another ' +
      'site); and Secure, but for `http:` on loopback.',
  })

const frontend = z.strictObject({
  origin: origin('https://app.example.com').meta({
    description: 'The origin of a front end, exactly. It may call with credentials (CORS).',
  }),
  realm: localName.optional().meta({
    description: 'The realm its people log in to: a key of `realms` without `obtain`.',
    'x-default': 'the first without `obtain`',
  }),
  home: onePath('/').prefault('/').meta({
    description: 'Where browsers come back to when a login or logout names no place: a path of this origin.',
    'x-type': 'path',
  }),
})

const tls = z
  .strictObject({
    ca: z.array(filePath).default([]).meta({
      description: 'PEM files of authorities trusted beside the usual ones, towards realms and services.',
    }),
  })
  .prefault({})
  .meta({ description: 'Certificates.' })

export const configSchema = z
  .strictObject({
    publicUrl: origin('https://app.example.com').meta({
      description: 'The origin browsers use. `http:` on loopback only. A request for another host is answered 421.',
    }),
    listen: listenAddress('127.0.0.1:4000').prefault('127.0.0.1:4000').meta({
      description: 'Address the gateway listens on. Port 0 picks a free one. `DOORMAN_LISTEN` overrides it.',
    }),
    operator,
    trustedProxies: z.array(addressBlock).default([]).meta({
      description: 'Addresses that may speak for a client by `Forwarded` and `X-Forwarded-*`. Nobody else may.',
    }),
    realms,
    keys,
    session,
    cookies,
    frontends: z
      .array(frontend)
      .min(1, 'at least one front end')
      .optional()
      .meta({
        description:
          'Where browsers may be sent back to after login and logout, and what may call from another origin. `publicUrl` ' +
          'is always among them.',
      }),
    services,
    routes: routeList,
    tenant,
    internalTokens,
    limit: limit.optional().meta({ description: 'How many requests of one caller all routes take together.' }),
    login,
    refresh,
    logout,
    endpoints,
    user,
    tls,
  })
  .meta({ title: 'doorman.yaml', description: 'Configuration of the Doorman gateway.' })

export type ParsedConfig = z.output<typeof configSchema>

function parseKeySource(value: string) {
  const path = /^\$\{file:([^}]+)\}$/.exec(value)?.[1]
  if (path !== undefined) return { kind: 'file', path } as const
  return value.trim() === '' ? undefined : ({ kind: 'text', keys: [value] } as const)
}
