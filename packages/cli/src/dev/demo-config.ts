// The demo's doorman.yaml: an ordinary file, so that the same one with other issuers runs against other realms.
import { DEMO_SERVICES } from './demo-services.ts'

export interface DemoAddresses {
  readonly publicUrl: string
  readonly listen: string
  readonly operatorPort: number
  readonly frontPageUrl: string
  /** Addresses of the services there are, by name. */
  readonly services: ReadonlyMap<string, string>
}

export interface DemoRealms {
  readonly main: string
  readonly models: string
}

const CREDENTIALS: Readonly<Record<string, string>> = {
  hello: 'none',
  account: 'accessToken',
  express: 'internal',
  fastapi: 'internal',
  fastify: '{ exchange: { audience: billing, scope: [billing-audience] } }',
  hono: 'serviceAccount',
  llm: '{ realm: models }',
}

/** By the service they need. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  hello: [
    '{ path: "/public/*", service: hello, require: none }',
    '{ path: /public/limited, service: hello, require: none, limit: { rate: 3/min, by: ip } }',
  ],
  account: [
    '{ path: /api/me, service: account, require: { login: true } }',
    '{ path: "/api/admin/*", service: account, require: { roles: [admin] } }',
    '{ path: /api/card, service: account, credential: internal, require: { login: true, via: [session, bearer] } }',
  ],
  express: [
    '{ path: "/api/express/*", service: express, rewrite: "/*", require: { login: true } }',
    '{ path: /api/express/tenant, service: express, rewrite: /tenant, require: { tenant: true } }',
    '{ path: /api/express/admin, service: express, rewrite: /admin, require: { roles: [admin] } }',
  ],
  fastapi: ['{ path: "/api/fastapi/*", service: fastapi, rewrite: "/*", require: { login: true } }'],
  fastify: ['{ path: "/api/fastify/*", service: fastify, rewrite: "/*", require: { login: true } }'],
  hono: ['{ path: "/api/hono/*", service: hono, rewrite: "/*", require: { login: true } }'],
  llm: ['{ path: "/api/llm/*", service: llm, rewrite: "/*", require: { roles: [researcher] } }'],
}

export function buildDemoConfig(realms: DemoRealms, addresses: DemoAddresses): string {
  const { services } = addresses
  const names = DEMO_SERVICES.map(({ name }) => name).filter((name) => services.has(name))
  const lines = [
    `page: { url: "${addresses.frontPageUrl}", credential: none }`,
    ...names.map((name) => `${name}: { url: "${services.get(name)}", credential: ${CREDENTIALS[name]} }`),
  ]
  const routes = [
    ...names.flatMap((name) => ROUTES[name] ?? []),
    '{ path: /members, service: page, require: { login: true } }',
    '{ path: "/*", service: page, require: none }',
  ]
  return `# Written by "doorman dev" at each start.
publicUrl: ${addresses.publicUrl}
listen: ${addresses.listen}
operator: { listen: 127.0.0.1:${addresses.operatorPort} }
realms:
  main:
    issuer: ${realms.main}
    clientId: web-gateway
    clientAuth: { secret: "\${file:client-secret}" }
    scopes: [openid, profile, email, "organization:*"]
  models:
    issuer: ${realms.models}
    clientId: model-gateway
    clientAuth: { secret: "\${file:models-client-secret}" }
    obtain: { jwtGrant: { scope: [models-realm] } }
tenant: { claim: organization }
user: { claims: [sub, name, preferred_username, email, organization] }
session:
  store: sqlite:doorman.db
keys: ["\${file:keys}"]
services:
${lines.map((line) => `  ${line}`).join('\n')}
routes:
${routes.map((route) => `  - ${route}`).join('\n')}
`
}
