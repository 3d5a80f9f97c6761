// What stands above the tables of docs/configuration.md.

export const REFERENCE_INTRODUCTION = `
# Configuration

<!-- Generated from packages/gateway/src/config by \`npm run docs:generate\`. Do not edit. -->

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

- **Values from outside.** \`\${NAME}\` is an environment variable, \`\${NAME:-default}\` one that may be missing or empty,
  \`\${file:PATH}\` the content of a file without its last line break. They work in every text, once: what was filled in
  is not looked at again. Something missing is an error. \`$\${\` stands for a literal \`\${\`.
- **Durations** carry their unit: \`500ms\`, \`30s\`, \`30m\`, \`12h\`, \`7d\`.
- **Paths of files** start at the folder of \`doorman.yaml\`.
- **Nothing is ignored.** An unknown key, a key that stands twice or one that could not take effect is an error, and the
  gateway does not start (exit code 78).
- **Editors** that know the first line's \`yaml-language-server\` complete keys and show these descriptions.
`
