// Which test files run together, and what real part they need. A name says it: `login.keycloak.test.ts` needs a real
// Keycloak, `demo.browser.test.ts` a Chromium, `pages.keycloak.browser.test.ts` both, `service.python.test.ts` a Python,
// `store.redis.test.ts` a Redis, `store.postgres.test.ts` a PostgreSQL, `end.keycloak.redis.test.ts` a Keycloak and a Redis,
// `rbac.kubernetes.test.ts` a Kubernetes API server, `pages.next.browser.test.ts` a built application of Next.js and a
// Chromium. `outage.own-keycloak.test.ts` starts a Keycloak that nobody else uses, and kills it.

export const TEST_GLOBS: readonly string[] = [
  'packages/*/test/**/*.test.ts',
  'examples/*/test/**/*.test.ts',
  'scripts/test/**/*.test.ts',
  'conformance/**/*.test.ts',
  'bench/**/*.test.ts',
  'chaos/**/*.test.ts',
  'docs/**/*.test.ts',
]

/** By the word in a file's name, in the order in which stages that need them run. */
const REAL_PARTS = {
  redis: 'Redis',
  // Not beside Redis, whose failovers want the machine for themselves.
  'own-keycloak': 'a real Keycloak of its own',
  postgres: 'PostgreSQL',
  python: 'Python',
  kubernetes: 'Kubernetes',
  next: 'Next.js',
  browser: 'Chromium',
  keycloak: 'real Keycloak',
} as const
export type RealPart = keyof typeof REAL_PARTS

const PARTS = Object.keys(REAL_PARTS) as readonly RealPart[]

/** Where every test of the real Keycloak makes realms of its own, and changes no other. */
const OWN_REALMS = /^packages\/(cli\/test\/)?provision\//
const OWN_REALMS_AT_ONCE = 3

export interface Stage {
  readonly name: string
  readonly needs: readonly RealPart[]
  readonly files: readonly string[]
  readonly concurrency: number
  /** It waits most of the time, and nobody else uses its parts: the stages after it run at the same time. */
  readonly isBeside: boolean
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
  const words = file.split('/').at(-1)?.split('.').slice(1) ?? []
  return PARTS.filter((part) => words.includes(part))
}

/** Stages with at least one file. Files that share a real part run one after the other, but for realms of their own. */
export function planTests(files: readonly string[], filters: readonly string[]): Stage[] {
  const chosen = files.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  const stages = new Map<string, { stage: Omit<Stage, 'files'>; files: string[] }>()
  for (const file of chosen.toSorted()) {
    const stage = stageOf(file)
    const known = stages.get(stage.name) ?? { stage, files: [] }
    known.files.push(file)
    stages.set(stage.name, known)
  }
  return [...stages.values()].map(({ stage, files }) => ({ ...stage, files })).toSorted((a, b) => rank(a) - rank(b))
}

function stageOf(file: string): Omit<Stage, 'files'> {
  const needs = neededParts(file)
  if (needs.length === 0) return { name: 'tests', needs, concurrency: 2, isBeside: false }
  const name = needs.map((part) => REAL_PARTS[part]).join(' and ')
  const hasOwnRealms = needs.length === 1 && needs[0] === 'keycloak' && OWN_REALMS.test(file)
  if (hasOwnRealms) {
    return { name: `${name}, realms of their own`, needs, concurrency: OWN_REALMS_AT_ONCE, isBeside: false }
  }
  return { name, needs, concurrency: 1, isBeside: needs[0] === 'own-keycloak' }
}

/** What needs little comes first, and what needs a Keycloak, which is slow to start, last. */
function rank({ needs, concurrency }: Stage): number {
  const parts = needs.reduce((sum, part) => sum + 2 ** (PARTS.indexOf(part) + 1), 0)
  return parts - (concurrency > 1 ? 1 : 0)
}
