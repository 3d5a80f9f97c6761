// The services of the demo as its page and its configuration know them.

/** Where a service runs: in the demo's own process, or as one of the repository's examples. */
export type ServiceOrigin = 'demo' | 'example'

export interface DemoService {
  readonly name: string
  readonly framework: string
  /** What it receives, in the words of doorman.yaml. */
  readonly credential: string
  /** What that is, for people. */
  readonly explanation: string
  /** The address that says what it received. */
  readonly path: string
  readonly origin: ServiceOrigin
}

export const DEMO_SERVICES: readonly DemoService[] = [
  {
    name: 'hello',
    framework: 'node:http',
    credential: 'none',
    explanation: 'nothing, and nothing else that could say who calls',
    path: '/public/hello',
    origin: 'demo',
  },
  {
    name: 'account',
    framework: 'node:http',
    credential: 'accessToken',
    explanation: 'the person’s own access token, always fresh',
    path: '/api/me',
    origin: 'demo',
  },
  {
    name: 'express',
    framework: 'Express 5',
    credential: 'internal',
    explanation: 'a token the gateway signs for this service alone',
    path: '/api/express/whoami',
    origin: 'example',
  },
  {
    name: 'fastapi',
    framework: 'FastAPI',
    credential: 'internal',
    explanation: 'the same, checked by PyJWT',
    path: '/api/fastapi/whoami',
    origin: 'example',
  },
  {
    name: 'fastify',
    framework: 'Fastify 5',
    credential: 'exchange: { audience: billing }',
    explanation: 'the person’s token, exchanged for one that is good for billing alone',
    path: '/api/fastify/whoami',
    origin: 'example',
  },
  {
    name: 'hono',
    framework: 'Hono 4',
    credential: 'serviceAccount',
    explanation: 'the gateway’s own token: no person is in it',
    path: '/api/hono/whoami',
    origin: 'example',
  },
  {
    name: 'llm',
    framework: 'node:http',
    credential: 'realm: models',
    explanation: 'the person’s token of a second realm, which nobody logs in to',
    path: '/api/llm/whoami',
    origin: 'demo',
  },
]

/** What has become of a service. */
export type ServiceState =
  | { readonly kind: 'running' }
  | { readonly kind: 'starting' }
  /** `because` is for people: what is missing, and what to do. */
  | { readonly kind: 'left-out'; readonly because: string }

export type ServiceStates = ReadonlyMap<string, ServiceState>
