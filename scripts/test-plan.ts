// Which test files run together, and what real part they need. A name says it: `login.keycloak.test.ts` needs a real
// Keycloak, `demo.browser.test.ts` a Chromium, `pages.keycloak.browser.test.ts` both, `service.python.test.ts` a Python,
// `store.redis.test.ts` a Redis, `store.postgres.test.ts` a PostgreSQL, `end.keycloak.redis.test.ts` a Keycloak and a Redis,
// `rbac.kubernetes.test.ts` a Kubernetes API server.

export const TEST_GLOBS: readonly string[] = [
  'packages/*/test/**/*.test.ts',
  'examples/*/test/**/*.test.ts',
  'scripts/test/**/*.test.ts',
  'conformance/**/*.test.ts',
  'bench/**/*.test.ts',
  'chaos/**/*.test.ts',
  'docs/**/*.test.ts',
]

const REAL_PARTS = ['keycloak', 'browser', 'python', 'redis', 'postgres', 'kubernetes'] as const
export type RealPart = (typeof REAL_PARTS)[number]

export interface Stage {
  readonly name: string
  readonly needs: readonly RealPart[]
  readonly files: readonly string[]
  readonly concurrency: number
}

export interface TestArguments {
  /** Parts of file names; a file runs when it contains one of them, and all files when there is none. */
  readonly filters: readonly string[]
  /** Options of `node --test`, passed through. */
  readonly nodeOptions: readonly string[]
}

export function parseTestArguments(words: readonly string[]): TestArguments {
  return {
    filters: words.filter((word) => !word.startsWith('-')),
    nodeOptions: words.filter((word) => word.startsWith('-')),
  }
}

export function neededParts(file: string): readonly RealPart[] {
  const words = file.split('/').at(-1)?.split('.') ?? []
  return REAL_PARTS.filter((part) => words.slice(1).includes(part))
}

/** Stages with at least one file. Files that share a real part run one after the other. */
export function planTests(files: readonly string[], filters: readonly string[]): Stage[] {
  const chosen = files.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  const stages: readonly Stage[] = [
    { name: 'tests', needs: [], files: chosenWith(chosen, ''), concurrency: 2 },
    { name: 'Redis', needs: ['redis'], files: chosenWith(chosen, 'redis'), concurrency: 1 },
    { name: 'PostgreSQL', needs: ['postgres'], files: chosenWith(chosen, 'postgres'), concurrency: 1 },
    {
      name: 'Redis and PostgreSQL',
      needs: ['redis', 'postgres'],
      files: chosenWith(chosen, 'redis+postgres'),
      concurrency: 1,
    },
    { name: 'Python', needs: ['python'], files: chosenWith(chosen, 'python'), concurrency: 1 },
    { name: 'Kubernetes', needs: ['kubernetes'], files: chosenWith(chosen, 'kubernetes'), concurrency: 1 },
    { name: 'Chromium', needs: ['browser'], files: chosenWith(chosen, 'browser'), concurrency: 1 },
    { name: 'real Keycloak', needs: ['keycloak'], files: chosenWith(chosen, 'keycloak'), concurrency: 1 },
    {
      name: 'real Keycloak with Redis',
      needs: ['keycloak', 'redis'],
      files: chosenWith(chosen, 'keycloak+redis'),
      concurrency: 1,
    },
    {
      name: 'real Keycloak with Kubernetes',
      needs: ['keycloak', 'kubernetes'],
      files: chosenWith(chosen, 'keycloak+kubernetes'),
      concurrency: 1,
    },
    {
      name: 'real Keycloak in Chromium',
      needs: ['keycloak', 'browser'],
      files: chosenWith(chosen, 'keycloak+browser'),
      concurrency: 1,
    },
  ]
  return stages.filter((stage) => stage.files.length > 0)
}

function chosenWith(files: readonly string[], parts: string): string[] {
  return files.filter((file) => neededParts(file).join('+') === parts).sort()
}
