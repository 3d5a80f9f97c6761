// The demo's doorman.yaml: an ordinary file, so that the same one with another issuer runs against another realm.

export interface DemoAddresses {
  readonly publicUrl: string
  readonly listen: string
  readonly operatorPort: number
  readonly frontPageUrl: string
  readonly helloUrl: string
  readonly accountUrl: string
}

export interface DemoRealm {
  readonly issuer: string
  readonly clientId: string
}

export function buildDemoConfig(realm: DemoRealm, addresses: DemoAddresses): string {
  return `# Written by "doorman dev" at each start.
publicUrl: ${addresses.publicUrl}
listen: ${addresses.listen}
operator: { listen: 127.0.0.1:${addresses.operatorPort} }
realms:
  main:
    issuer: ${realm.issuer}
    clientId: ${realm.clientId}
    clientAuth: { secret: "\${file:client-secret}" }
session:
  store: sqlite:doorman.db
keys: ["\${file:keys}"]
services:
  page:    { url: "${addresses.frontPageUrl}", credential: none }
  hello:   { url: "${addresses.helloUrl}", credential: none }
  account: { url: "${addresses.accountUrl}", credential: accessToken }
routes:
  - { path: "/public/*", service: hello, require: none }
  - { path: "/api/me", service: account, require: { login: true } }
  - { path: "/api/admin/*", service: account, require: { roles: [admin] } }
  - { path: "/members", service: page, require: { login: true } }
  - { path: "/*", service: page, require: none }
`
}
