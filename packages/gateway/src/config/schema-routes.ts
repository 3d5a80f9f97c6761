// services and routes: what is behind the gateway, and who may reach it.
import { z } from 'zod'
import { parseRoutePath } from './route-path.ts'
import { serviceAuth } from './schema-auth.ts'
import { credential } from './schema-credential.ts'
import { limit } from './schema-limit.ts'
import { requirement } from './schema-require.ts'
import { duration, localName, matching, nonEmpty, origin, parsed } from './schema-values.ts'

const PATIENCE = { min: '1ms', max: '1h' }

const timeouts = z
  .strictObject({
    connect: duration('5s', PATIENCE).prefault('5s').meta({ description: 'Until a connection stands. Then 504.' }),
    headers: duration('60s', PATIENCE).prefault('60s').meta({ description: 'Until the answer begins. Then 504.' }),
    idleBody: duration('5m', PATIENCE)
      .prefault('5m')
      .meta({ description: 'Between two pieces of a body. Does not apply to `text/event-stream`.' }),
    idleUpgrade: duration('10m', PATIENCE)
      .prefault('10m')
      .meta({ description: 'How long an upgraded connection may be silent in both directions.' }),
  })
  .prefault({})
  .meta({ description: 'How long the gateway waits for this service.' })

const service = z.strictObject({
  url: origin('http://reports:8000').meta({
    description: 'Where the service listens. An origin: a path before all others belongs into `rewrite` of its routes.',
  }),
  credential: credential.meta({
    description:
      'What the service receives in `Authorization`: `internal`, a token the gateway signs for this service alone; ' +
      "`accessToken`, the person's own, always fresh; `serviceAccount`, the gateway's own; `none`; or one of the forms below.",
  }),
  auth: serviceAuth.optional().meta({
    description:
      'How the service proves itself when it asks for a token: of a second realm at `/auth/token/NAME`, or that of another ' +
      'service at `/auth/token/services/NAME`.',
  }),
  callers: z
    .array(localName)
    .default([])
    .meta({
      description:
        'Services that call this one themselves, and may ask for its credential at `/auth/token/services/NAME` on behalf of ' +
        'the person they were called for. They need `auth` and `credential: internal`.',
    }),
  timeouts,
})

export const services = z
  .record(localName, service)
  .prefault({})
  .meta({ description: 'The services behind the gateway, under a local name of your choice.', 'x-name': 'NAME' })

const ROUTE_PATH =
  'a canonical path such as /api/reports/*: `*` only as the last segment, no `..`, `//`, `;`, `:` or query'

const routePath = parsed(ROUTE_PATH, parseRoutePath).meta({ 'x-type': 'path' })

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const route = z.strictObject({
  path: routePath.meta({
    description: 'The path this route owns. `/x/*` owns `/x` and everything below. The longest path owns the request.',
  }),
  service: nonEmpty('the name of a service').meta({ description: 'A key of `services`.' }),
  methods: z
    .array(z.enum(METHODS, `one of ${METHODS.join(', ')}`))
    .min(1, 'at least one method')
    .optional()
    .meta({ description: 'The methods let through; another one is answered 405. All when absent.' }),
  rewrite: routePath.optional().meta({
    description: "The path asked for upstream; `*` stands for what the route's `*` matched. Unchanged when absent.",
  }),
  require: requirement.meta({
    description: 'Who may use the route: `none` for everybody, or rules about the person.',
  }),
  credential: credential.optional().meta({
    description: "What this route sends. Its service's when absent.",
    'x-type': 'as `services.NAME.credential`',
  }),
  limit: limit
    .optional()
    .meta({ description: 'How many requests of one caller the route takes.', 'x-type': 'as `limit`' }),
  page: z.boolean('true or false').default(true).meta({
    description:
      'A navigation by somebody who has to be logged in starts a login. With `false` it is a 401, as a fetch always is.',
  }),
  upgrade: z
    .array(matching('a protocol such as websocket', /^[a-z][a-z0-9.+-]{0,40}$/))
    .default([])
    .meta({ description: 'Protocols a connection may be upgraded to, such as `websocket`. None when empty.' }),
  timeout: duration('120s', PATIENCE)
    .optional()
    .meta({ description: "Until the answer begins, instead of the service's `timeouts.headers`." }),
})

export const routeList = z.array(route).prefault([]).meta({
  description: 'Which requests go to which service. What no route owns is answered 404.',
})

export const routeItem = route
export const serviceItem = service

export type ParsedRoute = z.output<typeof route>
export type ParsedService = z.output<typeof service>
