// session, refresh and logout: where sessions live, how long, and how they end.
import { z } from 'zod'
import { duration, flag, matching, storeAddress, wholeNumber } from './schema-values.ts'

const WHEN_FULL = ['endOldest', 'refuseLogin'] as const
const AFTER_LIMIT = ['sso', 'reauthenticate'] as const
const CLIENT_ADDRESS = ['none', 'network', 'full'] as const
const IN_FLIGHT = ['finish', 'cut'] as const

const storage = {
  store: storeAddress.prefault('sqlite:.doorman/doorman.db').meta({
    description:
      'Where sessions live. `memory` forgets them when the process ends; `sqlite:PATH` serves the processes of one ' +
      'machine; for more, `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `redis+cluster://H1,H2`, ' +
      '`redis+sentinel://H1,H2/MASTER` (`rediss…` with TLS) or `postgres://USER:PASSWORD@HOST/DATABASE` (with TLS off ' +
      'loopback, unless `?sslmode=disable`).',
  }),
  prefix: matching('a name of lower-case letters, digits and _', /^[a-z][a-z0-9_]{0,40}$/)
    .default('doorman')
    .meta({ description: 'Before every key in Redis; the schema in PostgreSQL.' }),
  connections: wholeNumber(2, 1000).default(10).meta({
    description: 'Connections one process opens to PostgreSQL.',
    'x-type': 'number of connections',
  }),
  cachedSessions: wholeNumber(1, 10_000_000).default(10_000).meta({
    description: 'Sessions one process holds decoded in memory, so that a request needs no store.',
    'x-type': 'number of sessions',
  }),
  cacheAge: duration('30s', { min: '1s', max: '1d' }).prefault('30s').meta({
    description:
      'After this time a session in memory is read again. Changes are told at once; this is the bound where that fails.',
  }),
  staleFor: duration('60s', { min: '0s', max: '1h' }).prefault('60s').meta({
    description: 'How long sessions in memory go on being used while the store is out of reach. `0s` forbids it.',
  }),
}

export const session = z
  .strictObject({
    ...storage,
    idle: duration('30m', { min: '1s', max: '400d' })
      .prefault('30m')
      .meta({ description: 'Time without a request after which a session ends.' }),
    absolute: duration('12h', { min: '1s', max: '400d' }).prefault('12h').meta({
      description: 'Time after login at which a session ends, used or not. Limits of the realm end it earlier.',
    }),
    verifyEvery: duration('1m', { min: '5s', max: '1d' })
      .optional()
      .meta({
        description:
          'The realm is asked at least this often whether a session in use lives, by renewing its tokens. Keycloak tells ' +
          'nobody about disabled people and revoked sessions. When absent, the life of the access token is the bound.',
      }),
    maxPerUser: wholeNumber(1, 1000).optional().meta({
      description: 'Sessions one person may have at the same time. Any number when absent.',
      'x-type': 'number of sessions',
    }),
    whenFull: z
      .enum(WHEN_FULL, `one of ${WHEN_FULL.join(', ')}`)
      .default('endOldest')
      .meta({
        description: 'What a login beyond `maxPerUser` does: end the oldest session, or be refused.',
      }),
    afterLimit: z
      .enum(AFTER_LIMIT, `one of ${AFTER_LIMIT.join(', ')}`)
      .default('sso')
      .meta({
        description:
          'After the idle or absolute limit: `sso` lets the realm log in silently, `reauthenticate` asks for credentials.',
      }),
    clientAddress: z
      .enum(CLIENT_ADDRESS, `one of ${CLIENT_ADDRESS.join(', ')}`)
      .default('network')
      .meta({
        description:
          'How much of the address a login came from is kept, for the list of their sessions that people see: `network` ' +
          'keeps 24 bits of IPv4 and 48 of IPv6.',
      }),
  })
  .prefault({})
  .meta({ description: 'Where sessions are kept and how long they last.' })

export const refresh = z
  .strictObject({
    margin: duration('30s', { min: '0s', max: '1h' }).prefault('30s').meta({
      description: 'How long before its end an access token is renewed.',
    }),
    wait: duration('5s', { min: '1ms', max: '1m' }).prefault('5s').meta({
      description: 'How long a request waits for a renewal it cannot do without. Then 503.',
    }),
    ahead: flag('Tokens of sessions in use are renewed in the background, before a request finds them due.'),
    concurrency: wholeNumber(1, 1000).default(16).meta({
      description: 'Renewals that one process asks of one realm at the same time. Others wait their turn.',
      'x-type': 'number of requests',
    }),
  })
  .prefault({})
  .meta({ description: 'When access tokens are renewed.' })

export const logout = z
  .strictObject({
    inFlight: z
      .enum(IN_FLIGHT, `one of ${IN_FLIGHT.join(', ')}`)
      .default('finish')
      .meta({
        description:
          'What becomes of requests on their way when their session ends. Event streams and WebSockets end in any case.',
      }),
  })
  .prefault({})
  .meta({ description: 'How sessions end.' })
