// What stands above the tables of docs/configuration.md.

export const REFERENCE_INTRODUCTION = `
# Configuration

<!-- Generated from packages/gateway/src/config and packages/provision/src/wanted by \`npm run docs:generate\`. Do not edit. -->

The gateway runs on one file, \`doorman.yaml\`. \`doorman init --issuer URL\` writes one, \`doorman check\` reads it and tells
every problem at once, with line, column, key and what was expected.

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/@doorman/gateway/doorman.schema.json
publicUrl: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    clientId: web-gateway
    clientAuth: { secret: "\${KEYCLOAK_CLIENT_SECRET}" }
services:
  reports: { url: "http://reports:8000", credential: accessToken }
  website: { url: "http://website:8080", credential: none }
routes:
  - { path: "/api/reports/*", service: reports, require: { roles: [reader] }, rewrite: "/v1/*" }
  - { path: "/*", service: website, require: none }
\`\`\`

Several front ends, a credential of its own for each service, and a second realm for models that people never log in to:

\`\`\`yaml
publicUrl: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    clientId: web-gateway
    clientAuth: { secret: "\${KEYCLOAK_CLIENT_SECRET}" }
    scopes: [openid, profile, email, "organization:*"]
  models:
    issuer: https://sso.example.com/realms/models
    clientId: model-gateway
    clientAuth: { secret: "\${MODEL_CLIENT_SECRET}" }
    obtain: jwtGrant                       # as the person; or clientCredentials, or login
    services: [agent]                      # may ask for it at POST /auth/token/models
tenant: { claim: organization }
frontends:
  - { origin: https://app.example.com, home: /start }
  - { origin: https://admin.example.com }
services:
  agent:
    url: http://agent:3001
    credential: { internal: { roles: [reader, admin], claims: [email] } }
    auth: { secret: "\${AGENT_SECRET}" }
  reports: { url: "http://reports:8000", credential: accessToken }
  billing: { url: "http://billing:8000", credential: { exchange: { audience: billing } } }
  llm: { url: "http://llm:9000", credential: { realm: models } }
routes:
  - { path: "/api/agent/*", service: agent, require: { tenant: true } }
  - { path: "/api/reports/*", service: reports, require: { roles: [reader], via: [session, bearer] } }
  - { path: "/api/billing/*", service: billing, require: { groups: [/finance], acr: gold, maxAge: 15m } }
  - { path: "/api/llm/*", service: llm, require: { roles: [researcher] }, timeout: 120s }
\`\`\`

The clients that the gateway needs follow from the file itself. With a credential for the realm \`doorman plan\` compares
them with what is there, and \`doorman apply\` makes them; further clients stand in \`clients\`:

\`\`\`yaml
publicUrl: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    backchannelUrl: http://keycloak:8080
    clientId: web-gateway
    clientAuth: { secret: "\${KEYCLOAK_CLIENT_SECRET}" }
services:
  reports: { url: "http://reports:8000", credential: accessToken }
routes:
  - { path: "/api/reports/*", service: reports, require: { roles: [reader] } }
provision:
  owner: shop
  realms:
    main:
      credential: { clientId: doorman-provisioner, clientAuth: { secret: "\${DOORMAN_PROVISION_SECRET}" } }
clients:
  web-gateway:                             # the gateway's own: its secret goes where the gateway reads it
    rotate: 30d
    deliver:
      - kubernetes: { namespaces: [shop], name: doorman, restart: [deployment/doorman] }
        keys: { KEYCLOAK_CLIENT_SECRET: "{{clientSecret}}" }
  mlflow:
    preset: web
    redirectUris: [https://mlflow.example.com/callback]
    deliver:
      - { kubernetes: { namespaces: [ml], name: mlflow-oidc, restart: [deployment/mlflow] }, shape: mlflow }
  nightly:                                 # service to service: a service account, and nothing else
    audiences: [reports]
    serviceAccountRoles: { realm: [reader] }
    deliver: [{ envFile: ./nightly.env, shape: generic }]
\`\`\`

- **Values from outside.** \`\${NAME}\` is an environment variable, \`\${NAME:-default}\` one that may be missing or empty,
  \`\${file:PATH}\` the content of a file without its last line break. They work in every text, once: what was filled in
  is not looked at again. Something missing is an error. \`$\${\` stands for a literal \`\${\`.
- **Durations** carry their unit: \`500ms\`, \`30s\`, \`30m\`, \`12h\`, \`7d\`. So do **rates**: \`5/s\`, \`100/min\`, \`1000/h\`,
  \`10000/d\`.
- **Forms.** Where a key takes a word or a mapping, its mappings are listed below it: one of them, with what is required in
  it.
- **Paths of files** start at the folder of \`doorman.yaml\`.
- **Nothing is ignored.** An unknown key, a key that stands twice or one that could not take effect is an error, and the
  gateway does not start (exit code 78).
- **Editors** that know the first line's \`yaml-language-server\` complete keys and show these descriptions.
`
