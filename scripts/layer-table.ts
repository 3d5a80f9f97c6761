// Who may import whom, as data; docs/architecture.md tells it of what is there, and a test compares the two. A name is a
// folder; a name with `.ts` that one file.

/** Workspace packages that a package may import. */
export const PACKAGE_LAYERS: Readonly<Record<string, readonly string[]>> = {
  cli: ['gateway', 'dev-realm', 'provision', 'resource-server'],
  gateway: ['resource-server'],
  nextjs: ['gateway', 'resource-server'],
  provision: [],
  'resource-server': [],
  'dev-realm': [],
}

/**
 * By package, rooms and files that a room may import; packages without rooms are not in it. `@doorman/…` is a workspace
 * package only this room may import.
 */
export const ROOM_LAYERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  gateway: {
    kernel: [],
    browser: [],
    wire: [],
    http: ['kernel'],
    realm: ['kernel'],
    config: ['kernel'],
    session: ['kernel', 'http', 'realm/token-set.ts'],
    stores: ['kernel', 'session/session-store.ts'],
    tokens: ['kernel', 'realm', 'session'],
    policy: ['kernel', 'http', 'session', '@doorman/resource-server'],
    login: ['kernel', 'http', 'realm', 'session', 'tokens'],
    logout: ['kernel', 'http', 'realm', 'session', 'tokens'],
    account: ['kernel', 'http', 'realm', 'session', 'tokens'],
    issuer: ['kernel', 'http', 'realm', 'session', 'tokens'],
    web: ['kernel', 'http', 'wire'],
    upstream: ['kernel', 'http', 'session', 'tokens', 'policy', 'wire'],
    verify: ['kernel', 'http', 'session', 'tokens', 'policy'],
    operator: ['kernel', 'http', 'session'],
    explain: [
      'kernel',
      'config',
      'http',
      'session',
      'tokens',
      'policy',
      'upstream',
      'operator',
      '@doorman/resource-server',
    ],
    observability: ['kernel', 'http/reply.ts'],
  },
  provision: {
    wanted: ['errors.ts'],
    keycloak: ['errors.ts', 'wanted'],
    plan: ['errors.ts', 'wanted', 'keycloak'],
    apply: ['errors.ts', 'report.ts', 'wanted', 'keycloak', 'plan'],
    secrets: ['errors.ts', 'report.ts', 'wanted', 'keycloak'],
    kubernetes: ['errors.ts', 'wanted'],
    doctor: ['errors.ts', 'wanted', 'keycloak'],
  },
}
