import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, VALID, writeConfig } from '../support/command.ts'

const WRONG = VALID.replace('clientId', 'client_id').replace('roles: [admin]', 'role: [admin]')

test('lists who may use which route', async () => {
  const { exitCode, out, err } = await run(['check', '-c', writeConfig(VALID)])
  assert.deepEqual([exitCode, err], [0, ''])
  const rows = out.split('\n').slice(0, 4)
  assert.deepEqual(
    rows.map((row) => row.split(/ {2,}/)),
    [
      ['PATH', 'METHODS', 'WHO MAY', 'CREDENTIAL', 'SERVICE'],
      ['/api/*', 'GET POST', 'role admin and web:read', 'accessToken', 'reports (http://reports:8000)'],
      ['/me', 'all', 'logged in', 'accessToken', 'reports (http://reports:8000/account)'],
      ['/*', 'all', 'everybody', 'none', 'website (http://website:8080)'],
    ],
  )
})

test('says of an optional login who may', async () => {
  const optional = '  - { path: "/shop/*", service: reports, require: { login: optional, via: [session, bearer] } }\n'
  const { out } = await run(['check', '-c', writeConfig(VALID + optional)])
  assert.equal(out.split('\n')[4]?.split(/ {2,}/)[2], 'everybody, known once logged in (session or bearer)')
})

test('tells all problems of a wrong file, one a line, and exits 78', async () => {
  const { exitCode, out, err } = await run(['check', '-c', writeConfig(WRONG)])
  assert.deepEqual([exitCode, out], [78, ''])
  assert.equal(err.match(/doorman\.yaml:\d+:\d+ /g)?.length, 3)
})

test('a file that is not there exits 78', async () => {
  assert.equal((await run(['check', '-c', '/no/such/doorman.yaml'])).exitCode, 78)
})

test('warns of routes that differ only by case', async () => {
  const twin = `${VALID}  - { path: "/Me", service: website, require: none }\n`
  const { exitCode, err } = await run(['check', '-c', writeConfig(twin)])
  assert.equal(exitCode, 0)
  assert.match(err, /^warning: .*routes\[3\]\.path/)
})

test('--json of a right file has its routes and warnings', async () => {
  const { exitCode, out, err } = await run(['check', '--json', '-c', writeConfig(VALID)])
  const answer = JSON.parse(out)
  assert.deepEqual([exitCode, err, answer.valid, answer.problems, answer.warnings], [0, '', true, [], []])
  assert.deepEqual(
    answer.routes.map(({ path }: { path: string }) => path),
    ['/api/*', '/me', '/*'],
  )
})

test('--json of a wrong file has its problems with their places', async () => {
  const { exitCode, out, err } = await run(['check', '--json', '-c', writeConfig(WRONG)])
  const { valid, problems } = JSON.parse(out)
  assert.deepEqual([exitCode, err, valid], [78, '', false])
  assert.deepEqual(
    problems.map(({ line, kind, key }: Record<string, unknown>) => [line, kind, key]),
    [
      [6, 'missing', 'realms.main.clientId'],
      [6, 'unknown-key', 'realms.main.client_id'],
      [11, 'unknown-key', 'routes[0].require.role'],
    ],
  )
})

test('no answer holds the client secret', async () => {
  const file = writeConfig(VALID.replace('secret: x', 'secret: hunter2'))
  const said = await Promise.all([run(['check', '-c', file]), run(['check', '--json', '-c', file])])
  assert.ok(!JSON.stringify(said).includes('hunter2'))
})

test('one of the roles is enough, and the table says so', async () => {
  const rules = '{ roles: [x, y], clientRoles: { c: [r, s] } }'
  const { out } = await run([
    'check',
    '-c',
    writeConfig(`${VALID}  - { path: "/y", service: website, require: ${rules} }\n`),
  ])
  assert.match(out, /role \(x or y\) and \(c:r or c:s\)/)
})

const SECOND = VALID.replace(
  'services:',
  '  models: { issuer: "https://sso/models", clientId: g, clientAuth: { secret: x }, obtain: login }\nservices:',
)
const WORDS: readonly (readonly [string, string, string])[] = [
  ['{ via: [session, bearer], scopes: [a, b] }', 'internal', 'scope a and b (session or bearer)  internal for website'],
  ['{ allRoles: [x, y] }', '{ exchange: { audience: billing } }', 'role x and y  exchange for billing'],
  [
    '{ groups: [/a, /b], acr: gold, maxAge: 5m }',
    '{ realm: models }',
    'group /a or /b, acr gold, login within 300s  realm models',
  ],
  ['{ claims: { dept: [x, y] } }', 'serviceAccount', 'dept x or y  serviceAccount'],
]

for (const [require, credential, words] of WORDS) {
  test(`says of ${require} and ${credential}: ${words}`, async () => {
    const route = `  - { path: "/x", service: website, require: ${require}, credential: ${credential} }\n`
    const { exitCode, out } = await run(['check', '-c', writeConfig(SECOND + route)])
    assert.equal(exitCode, 0)
    assert.ok(out.replaceAll(/ {2,}/g, '  ').includes(words), out)
    assert.match(out, /realms \S+ https:\/\/sso\/models,/)
  })
}
