// The doorman.yaml that "doorman init" writes: short, valid, and commented where a choice is waiting.

export interface InitialSettings {
  readonly issuer: string
  readonly publicUrl: string
  readonly clientId: string
}

const USUAL_PORT = 4000

export function buildConfigFile({ issuer, publicUrl, clientId }: InitialSettings): string {
  const port = listenPort(publicUrl)
  return `# yaml-language-server: $schema=./node_modules/@doorman/gateway/doorman.schema.json
# Every key: docs/configuration.md. Is it right? doorman check. Run it: doorman start.

publicUrl: ${JSON.stringify(publicUrl)}        # what browsers see; one host
listen: 127.0.0.1:${port}
operator: { listen: 127.0.0.1:${port + 1} }           # /healthz, /readyz, /metrics

# Who stands in front, if anybody: only these addresses may speak for a client.
trustedProxies: []

realms:
  main:                                        # a local name
    issuer: ${JSON.stringify(issuer)}
    # Keycloak inside the cluster, when the issuer is not reachable from here:
    # backchannelUrl: http://keycloak:8080
    clientId: ${JSON.stringify(clientId)}
    clientAuth: { secret: "\${KEYCLOAK_CLIENT_SECRET}" }   # or "\${file:/run/secrets/keycloak}"

session:
  store: sqlite:.doorman/doorman.db
  idle: 30m
  absolute: 12h

services:
  website: { url: "http://127.0.0.1:3001", credential: none }
  api: { url: "http://127.0.0.1:3002", credential: accessToken }   # gets the person's own access token

# No route, no access. The longest path owns a request.
routes:
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/api/admin/*", service: api, require: { roles: [admin] } }   # realm roles
  - { path: "/*", service: website, require: none }
`
}

/** Without TLS nothing stands in front: browsers come to the port itself. */
function listenPort(publicUrl: string): number {
  const url = URL.parse(publicUrl)
  return url?.protocol === 'http:' && url.port !== '' ? Number(url.port) : USUAL_PORT
}
