import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neededParts, parseTestArguments, planTests } from '../test-plan.ts'

const FILES = [
  'packages/gateway/test/http/cookies.test.ts',
  'packages/gateway/test/flows/login.keycloak.test.ts',
  'packages/cli/test/demo.browser.test.ts',
  'packages/cli/test/pages.keycloak.browser.test.ts',
  'packages/dev-realm/test/keycloak/recipe.test.ts',
  'examples/fastapi-service/test/service.python.test.ts',
  'packages/gateway/test/stores/redis.redis.test.ts',
  'packages/gateway/test/stores/postgres.postgres.test.ts',
  'packages/gateway/test/flows/stores.redis.postgres.test.ts',
  'packages/gateway/test/flows/end.keycloak.redis.test.ts',
  'packages/provision/test/kubernetes/rbac.kubernetes.test.ts',
  'packages/provision/test/secrets/deliver.keycloak.kubernetes.test.ts',
  'packages/nextjs/test/pages.next.browser.test.ts',
  'packages/provision/test/plan/drift.keycloak.test.ts',
  'packages/gateway/test/flows/outage.own-keycloak.test.ts',
  'examples/microservices/test/microservices.python.browser.test.ts',
  'examples/two-clients/test/two-clients.next.python.browser.test.ts',
]

test('the name of a file says which real parts it needs', () => {
  assert.deepEqual(FILES.map(neededParts), [
    [],
    ['keycloak'],
    ['browser'],
    ['browser', 'keycloak'],
    [],
    ['python'],
    ['redis'],
    ['postgres'],
    ['redis', 'postgres'],
    ['redis', 'keycloak'],
    ['kubernetes'],
    ['kubernetes', 'keycloak'],
    ['next', 'browser'],
    ['keycloak'],
    ['own-keycloak'],
    ['python', 'browser'],
    ['python', 'next', 'browser'],
  ])
})

test('every file runs in exactly one stage', () => {
  assert.deepEqual(
    planTests(FILES, [])
      .flatMap((stage) => stage.files)
      .sort(),
    [...FILES].sort(),
  )
})

test('files that share a real part run one after the other', () => {
  const shared = planTests(FILES, []).filter(({ needs }) => needs.length > 0)
  for (const { name, concurrency } of shared) {
    assert.equal(concurrency, name === 'real Keycloak, realms of their own' ? 3 : 1, name)
  }
})

test('what kills a Keycloak of its own runs beside the others, and begins early', () => {
  const stages = planTests(FILES, [])
  const at = stages.findIndex(({ isBeside }) => isBeside)
  assert.deepEqual(stages[at]!.needs, ['own-keycloak'])
  assert.deepEqual(
    stages.slice(0, at).map(({ name }) => name),
    ['tests', 'Redis'],
  )
  assert.equal(stages.filter(({ isBeside }) => isBeside).length, 1)
})

test('what shares a Keycloak comes last', () => {
  const names = planTests(FILES, [])
    .filter(({ isBeside }) => !isBeside)
    .map(({ name }) => name)
  const firstKeycloak = names.findIndex((name) => name.includes('Keycloak'))
  assert.ok(names.slice(firstKeycloak).every((name) => name.includes('Keycloak')))
})

test('a filter chooses files by a part of their path', () => {
  const stages = planTests(FILES, ['login', 'cookies'])
  assert.deepEqual(
    stages.map((stage) => stage.files),
    [[FILES[0]], [FILES[1]]],
  )
})

test('a filter that fits nothing leaves no stage', () => {
  assert.deepEqual(planTests(FILES, ['nothing']), [])
})

test('options are told from filters', () => {
  assert.deepEqual(parseTestArguments(['login', '--test-name-pattern=tab']), {
    filters: ['login'],
    nodeOptions: ['--test-name-pattern=tab'],
  })
})
